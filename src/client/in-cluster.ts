import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from './connection.ts';

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** How a pod reaches its own cluster: address from the environment, authority and token from its service account's volume. The token is read
 *  for each request, as the kubelet renews it. Undefined outside a pod.
 *  @throws {Error} when the volume is not there */
export async function inClusterConnection(env: Readonly<Record<string, string | undefined>>): Promise<Connection | undefined> {
  const host = env['KUBERNETES_SERVICE_HOST'], port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined) return undefined;
  // The process runtime of the embedded node has no file system of its own for pods.
  const folder = join(env['POD_ROOT'] ?? '/', FOLDER);
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8').catch((cause: unknown) => {
    throw new Error(`This pod has no ${join(folder, name)}: its service account's token must be mounted (automountServiceAccountToken)`, { cause });
  });
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    caPem: await read('ca.crt'),
    authorize: async () => ({ authorization: `Bearer ${(await read('token')).trim()}` }),
    namespace: (await read('namespace')).trim(),
  };
}
