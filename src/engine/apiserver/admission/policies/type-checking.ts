import type { ParamKind, ValidatingAdmissionPolicy } from '../../../../kubernetes/types.generated.ts';
import { ExpressionChecker } from '../../cel/check.ts';
import { declaredType, type DeclaredType, type Variables } from '../../cel/declared-type.ts';
import { schemaType } from '../../cel/schema-type.ts';
import type { ApiContext } from '../../context.ts';
import type { ResourceRegistry } from '../../resources/registry.ts';
import { groupVersionOf, type ServedResource } from '../../resources/served-resource.ts';

type Spec = NonNullable<ValidatingAdmissionPolicy['spec']>;
type Warning = { readonly fieldRef: string; readonly warning: string };

const storage = 'admissionregistration.k8s.io/validatingadmissionpolicies';
/** As Kubernetes: a policy that names more kinds is checked against the first. */
const MAX_KINDS = 10;
const sizes = { max: 1024, minBytes: 1 };
const dyn: DeclaredType = { kind: 'dyn', ...sizes };

/** Writes to the status of each policy what its expressions get wrong about the kinds that it names. Nothing is refused for it. */
export function followPolicies(api: ApiContext): void {
  const collection = api.store.collection(storage);
  const check = (key: string): void => {
    const head = api.store.head(collection, key);
    const policy = head?.object as ValidatingAdmissionPolicy | undefined;
    if (head === undefined || policy?.spec === undefined || policy.metadata?.deletionTimestamp !== undefined || policy.status?.observedGeneration === policy.metadata?.generation) return;
    const expressionWarnings = policyWarnings(policy.spec, api.registry);
    const status = { ...policy.status, observedGeneration: policy.metadata?.generation, typeChecking: expressionWarnings.length === 0 ? {} : { expressionWarnings } };
    api.store.put(collection, key, { ...policy, status } as never).catch((error: unknown) => api.log.warn({ key, error: error instanceof Error ? error.message : String(error) }, 'The type checking of a policy could not be written'));
  };
  for (const record of collection.records()) check(record.key);
  collection.subscribe((events) => { for (const { key, current } of events) if (current !== undefined) check(key); });
}

/** What an expression gets wrong, by the field that holds it; each kind that it is wrong about is a line. */
export function policyWarnings(spec: Spec, registry: ResourceRegistry): Warning[] {
  const params = paramsType(spec.paramKind, registry);
  const checks = kindsOf(spec, registry).flatMap((resource) => {
    const object = typeOf(resource);
    return object === undefined ? [] : [{ name: `${groupVersionOf(resource)}, Kind=${resource.kind}`, checker: new ExpressionChecker([object, params]), object }];
  });
  const warnings: Warning[] = [];
  // Of each kind; a variable knows those before it.
  const composed = checks.map((): DeclaredType => ({ kind: 'object', fields: new Map(), minBytes: 2 }));
  const look = (expression: string | undefined, fieldRef: string, variable?: string): void => {
    if (expression === undefined || expression.trim() === '') return;
    const faults = checks.flatMap(({ name, checker, object }, i) => {
      const variables = composed[i]!;
      const withVariables = new ExpressionChecker([variables], checker);
      const checked = withVariables.check(expression, variablesOf(object, params, variables));
      if (variable !== undefined && variables.kind === 'object') composed[i] = { ...variables, fields: new Map([...variables.fields, [variable, 'fault' in checked ? dyn : checker.declared(checked.type, sizes)]]) };
      return 'fault' in checked ? [`${name}: ${checked.fault}`] : [];
    });
    if (faults.length > 0) warnings.push({ fieldRef, warning: faults.join('\n') });
  };
  (spec.variables ?? []).forEach(({ name, expression }, i) => look(expression, `spec.variables[${i}].expression`, name));
  (spec.validations ?? []).forEach(({ expression, messageExpression }, i) => {
    look(expression, `spec.validations[${i}].expression`);
    look(messageExpression, `spec.validations[${i}].messageExpression`);
  });
  return warnings;
}

const variablesOf = (object: DeclaredType, params: DeclaredType, variables: DeclaredType): Variables => ({ object, oldObject: object, params, request: dyn, namespaceObject: dyn, authorizer: dyn, variables });

/** The kinds that a policy's rules name one by one; a rule with a wildcard names none. */
function kindsOf({ matchConstraints }: Spec, registry: ResourceRegistry): ServedResource[] {
  const found = new Set<ServedResource>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions, ...resources].some((name) => name.includes('*'))) continue;
    for (const group of apiGroups) for (const version of apiVersions) for (const plural of resources) {
      // A subresource has a kind of its own, or shows the object itself as its status does.
      const [name = '', subresource] = plural.split('/');
      const resource = subresource === undefined || subresource === 'status' ? registry.find(group, version, name) : undefined;
      if (resource !== undefined) found.add(resource);
    }
  }
  return [...found].slice(0, MAX_KINDS);
}

function paramsType(kind: ParamKind | undefined, registry: ResourceRegistry): DeclaredType {
  const version = kind?.apiVersion ?? '';
  const slash = version.indexOf('/');
  const resource = kind === undefined ? undefined : registry.findKind(slash < 0 ? '' : version.slice(0, slash), kind.kind ?? '', version.slice(slash + 1));
  return (resource && typeOf(resource)) ?? dyn;
}

/** Undefined where no schema says what an object is like. */
function typeOf(resource: ServedResource): DeclaredType | undefined {
  if (resource.custom !== undefined) {
    const schema = resource.custom.version.schema?.openAPIV3Schema;
    return schema === undefined ? undefined : declaredType(schema, true);
  }
  const schema = resource.schema();
  return schema === undefined ? undefined : schemaType(schema);
}
