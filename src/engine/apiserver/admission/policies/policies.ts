import type { ValidatingAdmissionPolicyBinding } from '../../../../kubernetes/types.generated.ts';
import { StatusError } from '../../../../client/status-error.ts';
import type { KindObject, StrategyContext } from '../../kinds/strategy.ts';
import type { AdmissionRequest, AdmissionResult, Lookups } from '../admission.ts';
import { isExempt } from '../matching/rules.ts';
import { seenByResources } from '../matching/resources.ts';
import { requestValues } from '../matching/variables.ts';
import { compilePolicy, type CompiledPolicy } from './compiled-policy.ts';
import { evaluatePolicy, type Refusal } from './evaluate.ts';
import { paramsFor } from './params.ts';

const group = 'admissionregistration.k8s.io';
const codes: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 };

/** One refusal under one binding. */
interface Violation extends Refusal {
  readonly policy: string;
  readonly binding: string;
  readonly actions: readonly string[];
}

/** Holds a request against the ValidatingAdmissionPolicies that are bound: a violation denies, warns or goes to the audit log, as its binding says.
 *  @throws {StatusError} with the reason of the first validation that denies */
export function checkPolicies(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult | undefined {
  if (lookups.isEmpty(group, 'ValidatingAdmissionPolicyBinding') || isExempt(request)) return undefined;
  const values = requestValues(request, context, lookups);
  const violations: Violation[] = [];
  const annotations: Record<string, string> = {};
  for (const binding of lookups.list(group, 'ValidatingAdmissionPolicyBinding')) {
    const spec = binding['spec'] as NonNullable<ValidatingAdmissionPolicyBinding['spec']>;
    const found = lookups.get(group, 'ValidatingAdmissionPolicy', undefined, spec.policyName ?? '');
    if (found === undefined) continue;
    const policy = compilePolicy(found);
    const seen = seenByResources(policy.spec.matchConstraints ?? {}, request, lookups);
    if (seen === undefined || (spec.matchResources !== undefined && seenByResources(spec.matchResources, request, lookups) === undefined)) continue;
    const { refusals, marks } = evaluateBound(policy, spec, seen === request ? values : requestValues(seen, context, lookups), request, lookups);
    for (const [key, texts] of marks) annotations[`${policy.name}/${key}`] = texts.join(', ');
    violations.push(...refusals.map((refusal) => ({ ...refusal, policy: policy.name, binding: binding.metadata.name ?? '', actions: spec.validationActions ?? [] })));
  }
  const denied = violations.find((v) => v.actions.includes('Deny'));
  if (denied !== undefined) throw denial(request, denied);
  const audited = violations.filter((v) => v.actions.includes('Audit'));
  if (audited.length > 0) annotations['validation.policy.admission.k8s.io/validation_failure'] = JSON.stringify(audited.map(({ message, policy, binding, index, actions }) => ({ message, policy, binding, expressionIndex: index, validationActions: actions })));
  return { warnings: violations.filter((v) => v.actions.includes('Warn')).map((v) => `Validation failed for ValidatingAdmissionPolicy '${v.policy}' with binding '${v.binding}': ${v.message}`), ...(Object.keys(annotations).length > 0 && { annotations }) };
}

function evaluateBound(policy: CompiledPolicy, spec: NonNullable<ValidatingAdmissionPolicyBinding['spec']>, values: Record<string, unknown>, request: AdmissionRequest, lookups: Lookups): { refusals: Refusal[]; marks: Map<string, string[]> } {
  const marks = new Map<string, string[]>();
  const params = paramsFor(policy.paramKind, spec.paramRef, request, lookups);
  if ('failure' in params) return { refusals: policy.failsClosed ? [{ message: params.failure, reason: 'Invalid', index: 0 }] : [], marks };
  const refusals = params.sets.flatMap((one: KindObject | undefined) => {
    const evaluation = evaluatePolicy(policy, values, one);
    for (const [key, text] of Object.entries(evaluation.annotations)) marks.set(key, [...new Set([...(marks.get(key) ?? []), text])]);
    return evaluation.refusals;
  });
  return { refusals, marks };
}

function denial(request: AdmissionRequest, { policy, binding, message, reason }: Violation): StatusError {
  const name = request.object?.metadata.name ?? request.name ?? '';
  const resource = request.group === '' ? request.plural : `${request.plural}.${request.group}`;
  return new StatusError({
    code: codes[reason] ?? 422, reason, message: `${resource} "${name}" is forbidden: ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ${message}`,
    details: { name, group: request.group, kind: request.plural, causes: [{ message }] },
  });
}
