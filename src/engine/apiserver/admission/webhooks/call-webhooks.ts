import type { MutatingWebhook } from '../../../../kubernetes/types.generated.ts';
import type { ApiContext } from '../../context.ts';
import type { KindObject, StrategyContext } from '../../kinds/strategy.ts';
import { equal, type JsonObject } from '../../patch/json.ts';
import { jsonPatch } from '../../patch/json-patch.ts';
import { PatchError } from '../../patch/patch-error.ts';
import { internalError } from '../../api-error.ts';
import type { AdmissionRequest, AdmissionResult } from '../admission.ts';
import { matchingWebhooks } from './matching-webhooks.ts';
import { review } from './review.ts';

/** Makes of patched JSON an object again: decoded, with defaults, and seen by the built-in checks that change objects. */
export type Settle = (patched: JsonObject) => KindObject;

/** Calls the mutating webhooks that take a request, one after the other, each with what the ones before made of the object. One that asks to be called again
 *  (`reinvocationPolicy: IfNeeded`) is, once, where a later one changed the object.
 *  @throws {StatusError} what a webhook refuses with, or 500 where one fails */
export async function callMutatingWebhooks(api: ApiContext, request: AdmissionRequest, context: StrategyContext, settle: Settle): Promise<{ object: KindObject | undefined; result: AdmissionResult }> {
  const warnings: string[] = [];
  const annotations: Record<string, string> = {};
  let { object } = request;
  /** By name, the state that a webhook left the object in. */
  const left = new Map<string, KindObject | undefined>();
  const call = async (hook: MutatingWebhook): Promise<void> => {
    const reviewed = await review(api, hook, { ...request, ...(object && { object }) }, context);
    warnings.push(...(reviewed?.warnings ?? []));
    Object.assign(annotations, reviewed?.annotations);
    if (reviewed?.patch !== undefined && object !== undefined) object = patched(hook, object, reviewed.patch, settle);
    left.set(hook.name, object);
  };
  for (const hook of matchingWebhooks('MutatingWebhookConfiguration', request, context, api.lookups)) await call(hook);
  if (object !== request.object) {
    for (const hook of matchingWebhooks('MutatingWebhookConfiguration', { ...request, ...(object && { object }) }, context, api.lookups)) {
      if (!left.has(hook.name) || (hook.reinvocationPolicy === 'IfNeeded' && left.get(hook.name) !== object && !equal(left.get(hook.name), object))) await call(hook);
    }
  }
  return { object, result: { warnings, annotations } };
}

function patched(hook: MutatingWebhook, object: KindObject, patch: string, settle: Settle): KindObject {
  try {
    const next = jsonPatch(structuredClone(object) as unknown as JsonObject, JSON.parse(patch));
    return equal(next, object) ? object : settle(next);
  } catch (error) {
    if (error instanceof PatchError || error instanceof SyntaxError) throw internalError(new Error(`the patch of webhook "${hook.name}" cannot be used: ${error.message}`, { cause: error }));
    throw error;
  }
}

/** Calls the validating webhooks that take a request, all at once.
 *  @throws {StatusError} what the first in order that refuses says, or 500 where one fails */
export async function callValidatingWebhooks(api: ApiContext, request: AdmissionRequest, context: StrategyContext): Promise<AdmissionResult> {
  const hooks = matchingWebhooks('ValidatingWebhookConfiguration', request, context, api.lookups);
  const outcomes = await Promise.allSettled(hooks.map((hook) => review(api, hook, request, context)));
  const refused = outcomes.find((o) => o.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
  const reviewed = outcomes.flatMap((o) => (o.status === 'fulfilled' && o.value !== undefined ? [o.value] : []));
  return { warnings: reviewed.flatMap((r) => r.warnings), annotations: Object.assign({}, ...reviewed.map((r) => r.annotations)) as Record<string, string> };
}
