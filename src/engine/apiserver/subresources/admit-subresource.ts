import { admit, type AdmissionRequest } from '../admission/admission.ts';
import { callValidatingWebhooks } from '../admission/webhooks/call-webhooks.ts';
import { hasWebhooks } from '../admission/webhooks/matching-webhooks.ts';
import { strategyContext } from '../context.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { isDryRun } from '../http/api-request.ts';
import type { KindObject } from '../kinds/strategy.ts';

/** Asks policies and validating webhooks about a subresource that has a kind of its own: a Scale, a Binding, an Eviction, the options of a connection.
 *  @throws {StatusError} what one refuses with */
export async function admitSubresource(request: ApiRequest, operation: AdmissionRequest['operation'], object: KindObject, old?: KindObject): Promise<void> {
  const { api, user, namespace, name, subresource, resource } = request;
  const slash = object.apiVersion.indexOf('/');
  const asked: AdmissionRequest = {
    operation, group: resource.group, version: resource.version, kind: object.kind, plural: resource.plural, dryRun: isDryRun(request), object,
    objectKind: { group: slash < 0 ? '' : object.apiVersion.slice(0, slash), version: object.apiVersion.slice(slash + 1) },
    ...(old !== undefined && { old }), ...(subresource !== undefined && { subresource }), ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }),
  };
  const context = strategyContext(api, user, namespace);
  const said = [];
  if (hasWebhooks('ValidatingWebhookConfiguration', asked, api.lookups)) said.push(await callValidatingWebhooks(api, asked, context));
  said.push(admit(asked, context, api.lookups));
  for (const { warnings } of said) request.warnings.push(...warnings);
}
