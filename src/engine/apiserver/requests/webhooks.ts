import { mutate, type AdmissionRequest } from '../admission/admission.ts';
import { callMutatingWebhooks, callValidatingWebhooks } from '../admission/webhooks/call-webhooks.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { KindObject, StrategyContext } from '../kinds/strategy.ts';
import { decodePatched } from './decode-request.ts';
import { note } from './note.ts';

/** The object as mutating webhooks leave it. What they patch is treated as what a client sends: decoded, prepared, and seen by the built-in admission again.
 *  @throws {StatusError} what a webhook refuses with, or 500 where one fails */
export async function mutateByWebhooks(request: ApiRequest, asked: AdmissionRequest, context: StrategyContext, prepare: (object: KindObject) => void): Promise<KindObject> {
  const { api } = request;
  const quiet: ApiRequest = { ...request, query: new URLSearchParams({ fieldValidation: 'Ignore' }), warnings: [] };
  const { object, result } = await callMutatingWebhooks(api, asked, context, (patched) => {
    const next = decodePatched(quiet, patched);
    prepare(next);
    mutate({ ...asked, object: next }, context, api.lookups);
    return next;
  });
  note(request, result);
  return object as KindObject;
}

/** @throws {StatusError} what a webhook refuses with, or 500 where one fails */
export async function validateByWebhooks(request: ApiRequest, asked: AdmissionRequest, context: StrategyContext): Promise<void> {
  note(request, await callValidatingWebhooks(request.api, asked, context));
}
