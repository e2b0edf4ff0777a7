import type { ParamKind, ValidatingAdmissionPolicy } from '../../../../kubernetes/types.generated.ts';
import { celEnvironment, compile, type Expression } from '../../cel/environment.ts';
import type { KindObject } from '../../kinds/strategy.ts';
import { compileConditions, type CompiledCondition } from '../matching/conditions.ts';
import { requestVariables } from '../matching/variables.ts';

export interface CompiledValidation {
  readonly text: string;
  readonly holds: Expression;
  readonly message?: string;
  readonly messageExpression?: Expression;
  readonly reason: string;
}

/** A policy whose expressions have been read. */
export interface CompiledPolicy {
  readonly name: string;
  readonly resourceVersion: string;
  readonly spec: NonNullable<ValidatingAdmissionPolicy['spec']>;
  readonly paramKind?: ParamKind;
  /** Whether an error refuses the request. */
  readonly failsClosed: boolean;
  readonly conditions: readonly CompiledCondition[];
  readonly variables: readonly { readonly name: string; readonly value: Expression }[];
  readonly validations: readonly CompiledValidation[];
  readonly annotations: readonly { readonly key: string; readonly value: Expression }[];
}

const compiled = new Map<string, CompiledPolicy>();
const limit = 1000;

/** Reads a policy's expressions, once for each version of it. */
export function compilePolicy(policy: KindObject): CompiledPolicy {
  const { name = '', uid = '', resourceVersion = '' } = policy.metadata;
  const known = compiled.get(uid);
  if (known?.resourceVersion === resourceVersion) return known;
  const spec = policy['spec'] as NonNullable<ValidatingAdmissionPolicy['spec']>;
  const environment = celEnvironment([...requestVariables, 'params', 'variables']);
  const read = (text: string): Expression => compile(environment, text);
  const made: CompiledPolicy = {
    name, resourceVersion, spec, ...(spec.paramKind && { paramKind: spec.paramKind }), failsClosed: spec.failurePolicy !== 'Ignore',
    conditions: compileConditions(spec.matchConditions, read),
    variables: (spec.variables ?? []).map((v) => ({ name: v.name, value: read(v.expression) })),
    validations: (spec.validations ?? []).map((v) => ({
      text: v.expression.trim(), holds: read(v.expression), reason: v.reason ?? 'Invalid',
      ...(v.message !== undefined && v.message !== '' && { message: v.message.trim() }), ...(v.messageExpression !== undefined && v.messageExpression !== '' && { messageExpression: read(v.messageExpression) }),
    })),
    annotations: (spec.auditAnnotations ?? []).map((a) => ({ key: a.key, value: read(a.valueExpression) })),
  };
  if (compiled.size >= limit) compiled.clear();
  compiled.set(uid, made);
  return made;
}
