import { admit, type AdmissionRequest } from '../admission/admission.ts';
import { hasWebhooks } from '../admission/webhooks/matching-webhooks.ts';
import { strategyContext } from '../context.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { callValidatingWebhooks } from '../admission/webhooks/call-webhooks.ts';

const kinds: Readonly<Record<string, string>> = { exec: 'PodExecOptions', attach: 'PodAttachOptions', portforward: 'PodPortForwardOptions' };
const flags = ['stdin', 'stdout', 'stderr', 'tty'] as const;

/** Asks policies and webhooks whether a client may connect to a pod (operation CONNECT).
 *  @throws {StatusError} what one refuses with */
export async function admitConnection(request: ApiRequest): Promise<void> {
  const { api, user, namespace, name, query, subresource = '', resource } = request;
  const [kind, container] = [kinds[subresource] ?? '', query.get('container')];
  const options = Object.fromEntries(flags.filter((flag) => query.get(flag) === 'true' || query.get(flag) === '1').map((flag) => [flag, true]));
  const asked: AdmissionRequest = {
    operation: 'CONNECT', group: resource.group, version: resource.version, kind, plural: resource.plural, subresource, dryRun: false,
    ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }),
    object: { apiVersion: 'v1', kind, metadata: {}, ...options, ...(container !== null && { container }), ...(query.has('command') && { command: query.getAll('command') }), ...(query.has('ports') && { ports: query.getAll('ports').map(Number) }) },
  };
  const context = strategyContext(api, user, namespace);
  if (hasWebhooks('ValidatingWebhookConfiguration', asked, api.lookups)) await callValidatingWebhooks(api, asked, context);
  admit(asked, context, api.lookups);
}
