import type { MutatingWebhook } from '../../../../kubernetes/types.generated.ts';
import { StatusError } from '../../../../client/status-error.ts';
import { celEnvironment, compile } from '../../cel/environment.ts';
import type { KindObject, StrategyContext } from '../../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from '../admission.ts';
import { forbidden } from '../forbidden.ts';
import { checkConditions, compileConditions, type CompiledCondition } from '../matching/conditions.ts';
import { seenByRules } from '../matching/resources.ts';
import { isExempt } from '../matching/rules.ts';
import { matchesSelectors } from '../matching/selectors.ts';
import { requestValues, requestVariables } from '../matching/variables.ts';

export type ConfigurationKind = 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration';
const group = 'admissionregistration.k8s.io';

export interface MatchedWebhook {
  readonly hook: MutatingWebhook;
  /** The request in the version that its rule names. */
  readonly seen: AdmissionRequest;
}

/** Whether there is any webhook that could take a request: nothing is computed where there is none. */
export function hasWebhooks(kind: ConfigurationKind, request: AdmissionRequest, lookups: Lookups): boolean {
  return !lookups.isEmpty(group, kind) && !isExempt(request);
}

/** The webhooks that take a request, in the order of their configurations' names and of the lists in them.
 *  @throws {StatusError} where a match condition fails and the webhook's failure policy is Fail; 400 where a webhook cannot take a dry run */
export function matchingWebhooks(kind: ConfigurationKind, request: AdmissionRequest, context: StrategyContext, lookups: Lookups): MatchedWebhook[] {
  if (!hasWebhooks(kind, request, lookups)) return [];
  return lookups.list(group, kind).flatMap((configuration) => ((configuration['webhooks'] ?? []) as MutatingWebhook[]).flatMap((hook) => {
    const seen = seenByRules(hook.rules ?? [], hook.matchPolicy, request, lookups);
    return seen !== undefined && takes(hook, configuration, seen, context, lookups) ? [{ hook, seen }] : [];
  }));
}

function takes(hook: MutatingWebhook, configuration: KindObject, request: AdmissionRequest, context: StrategyContext, lookups: Lookups): boolean {
  if (!matchesSelectors(hook, request, lookups)) return false;
  const conditions = (hook.matchConditions ?? []).length === 0 ? undefined : checkConditions(conditionsOf(hook, configuration), requestValues(request, context, lookups));
  if (conditions?.outcome === 'skipped') return false;
  if (conditions?.outcome === 'failed') {
    if (hook.failurePolicy === 'Ignore') return false;
    throw forbidden(request, `webhook ${hook.name}: ${conditions.message}`);
  }
  if (request.dryRun && hook.sideEffects !== 'None' && hook.sideEffects !== 'NoneOnDryRun') throw new StatusError({ code: 400, reason: 'BadRequest', message: `admission webhook "${hook.name}" does not support dry run` });
  return true;
}

const compiled = new Map<string, readonly CompiledCondition[]>();
const limit = 1000;

function conditionsOf(hook: MutatingWebhook, { metadata }: KindObject): readonly CompiledCondition[] {
  const key = `${metadata.uid}/${metadata.resourceVersion}/${hook.name}`;
  let known = compiled.get(key);
  if (known === undefined) {
    const environment = celEnvironment(requestVariables);
    known = compileConditions(hook.matchConditions, (text) => compile(environment, text));
    if (compiled.size >= limit) compiled.clear();
    compiled.set(key, known);
  }
  return known;
}
