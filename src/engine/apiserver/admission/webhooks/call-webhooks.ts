import type { MutatingWebhook } from '../../../../kubernetes/types.generated.ts';
import type { ApiContext } from '../../context.ts';
import type { KindObject, StrategyContext } from '../../kinds/strategy.ts';
import { equal, type JsonObject } from '../../patch/json.ts';
import { jsonPatch } from '../../patch/json-patch.ts';
import { PatchError } from '../../patch/patch-error.ts';
import { internalError } from '../../api-error.ts';
import type { AdmissionRequest, AdmissionResult } from '../admission.ts';
import { matchingWebhooks, type MatchedWebhook } from './matching-webhooks.ts';
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
  const call = async ({ hook, seen }: MatchedWebhook): Promise<void> => {
    // What the ones before made of the object, in the version that this one knows.
    const other = seen.original === undefined ? undefined : api.lookups.equivalents(request.group, request.version, request.plural).find((o) => o.group === seen.group && o.version === seen.version);
    const shown = object === undefined || other === undefined ? object : other.from(object);
    const reviewed = await review(api, hook, { ...seen, ...(shown && { object: shown }) }, context);
    warnings.push(...(reviewed?.warnings ?? []));
    Object.assign(annotations, reviewed?.annotations);
    if (reviewed?.patch !== undefined && shown !== undefined) object = patched(hook, shown, reviewed.patch, (next) => settle(other === undefined ? next : (other.back(next as unknown as KindObject) as unknown as JsonObject))) ?? object;
    left.set(hook.name, object);
  };
  for (const matched of matchingWebhooks('MutatingWebhookConfiguration', request, context, api.lookups)) await call(matched);
  if (object !== request.object) {
    for (const matched of matchingWebhooks('MutatingWebhookConfiguration', { ...request, ...(object && { object }) }, context, api.lookups)) {
      const { name, reinvocationPolicy } = matched.hook;
      if (!left.has(name) || (reinvocationPolicy === 'IfNeeded' && left.get(name) !== object && !equal(left.get(name), object))) await call(matched);
    }
  }
  return { object, result: { warnings, annotations } };
}

/** Undefined where the patch changes nothing. */
function patched(hook: MutatingWebhook, object: KindObject, patch: string, settle: Settle): KindObject | undefined {
  try {
    const next = jsonPatch(structuredClone(object) as unknown as JsonObject, JSON.parse(patch));
    return equal(next, object) ? undefined : settle(next);
  } catch (error) {
    if (error instanceof PatchError || error instanceof SyntaxError) throw internalError(new Error(`the patch of webhook "${hook.name}" cannot be used: ${error.message}`, { cause: error }));
    throw error;
  }
}

/** Calls the validating webhooks that take a request, all at once.
 *  @throws {StatusError} what the first in order that refuses says, or 500 where one fails */
export async function callValidatingWebhooks(api: ApiContext, request: AdmissionRequest, context: StrategyContext): Promise<AdmissionResult> {
  const hooks = matchingWebhooks('ValidatingWebhookConfiguration', request, context, api.lookups);
  const outcomes = await Promise.allSettled(hooks.map(({ hook, seen }) => review(api, hook, seen, context)));
  const refused = outcomes.find((o) => o.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
  const reviewed = outcomes.flatMap((o) => (o.status === 'fulfilled' && o.value !== undefined ? [o.value] : []));
  return { warnings: reviewed.flatMap((r) => r.warnings), annotations: Object.assign({}, ...reviewed.map((r) => r.annotations)) as Record<string, string> };
}
