import { admit, check, type AdmissionRequest, type AdmissionResult } from '../admission/admission.ts';
import { callMutatingWebhooks, callValidatingWebhooks } from '../admission/webhooks/call-webhooks.ts';
import { hasWebhooks } from '../admission/webhooks/matching-webhooks.ts';
import { strategyContext } from '../context.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { isDryRun } from '../http/api-request.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { decodePatched } from '../requests/decode-request.ts';
import { note } from '../requests/note.ts';

/** Asks policies and webhooks about a subresource that has a kind of its own: a Scale, a Binding, an Eviction, a TokenRequest, the options of a connection.
 *  Gives back what mutating webhooks made of it.
 *  @throws {StatusError} what one refuses with */
export async function admitSubresource(request: ApiRequest, operation: AdmissionRequest['operation'], given: KindObject, old?: KindObject): Promise<KindObject> {
  const { api, user, namespace, name, subresource, resource } = request;
  const slash = given.apiVersion.indexOf('/');
  const kind = { group: slash < 0 ? '' : given.apiVersion.slice(0, slash), version: given.apiVersion.slice(slash + 1), kind: given.kind };
  let asked: AdmissionRequest = {
    operation, group: resource.group, version: resource.version, kind: given.kind, plural: resource.plural, dryRun: isDryRun(request), object: given,
    objectKind: { group: kind.group, version: kind.version },
    ...(old !== undefined && { old }), ...(subresource !== undefined && { subresource }), ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }),
  };
  const context = strategyContext(api, user, namespace);
  let object = given;
  if (hasWebhooks('MutatingWebhookConfiguration', asked, api.lookups)) {
    const quiet: ApiRequest = { ...request, query: new URLSearchParams({ fieldValidation: 'Ignore' }), warnings: [] };
    // The options of a connection are no body: they are taken as they come.
    const called = await callMutatingWebhooks(api, asked, context, (patched) => (operation === 'CONNECT' ? patched as unknown as KindObject : decodePatched(quiet, patched, kind)));
    object = called.object ?? given;
    asked = { ...asked, object };
    pass(request, called.result);
  }
  pass(request, check(asked, context, api.lookups));
  if (hasWebhooks('ValidatingWebhookConfiguration', asked, api.lookups)) pass(request, await callValidatingWebhooks(api, asked, context));
  pass(request, admit(asked, context, api.lookups));
  return object;
}

/** A WebSocket has no response to annotate yet. */
function pass(request: ApiRequest, result: AdmissionResult): void {
  const { res } = request as { res?: unknown };
  if (res === undefined) request.warnings.push(...result.warnings);
  else note(request, result);
}
