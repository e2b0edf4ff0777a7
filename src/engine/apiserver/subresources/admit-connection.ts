import type { ApiRequest } from '../http/api-request.ts';
import { admitSubresource } from './admit-subresource.ts';

const kinds: Readonly<Record<string, string>> = { exec: 'PodExecOptions', attach: 'PodAttachOptions', portforward: 'PodPortForwardOptions' };
const flags = ['stdin', 'stdout', 'stderr', 'tty'] as const;

/** Asks policies and webhooks whether a client may connect to a pod (operation CONNECT).
 *  @throws {StatusError} what one refuses with */
export async function admitConnection(request: ApiRequest): Promise<void> {
  const { query, subresource = '' } = request;
  const container = query.get('container');
  const options = Object.fromEntries(flags.filter((flag) => query.get(flag) === 'true' || query.get(flag) === '1').map((flag) => [flag, true]));
  await admitSubresource(request, 'CONNECT', {
    apiVersion: 'v1', kind: kinds[subresource] ?? '', metadata: {}, ...options,
    ...(container !== null && { container }), ...(query.has('command') && { command: query.getAll('command') }), ...(query.has('ports') && { ports: query.getAll('ports').map(Number) }),
  });
}
