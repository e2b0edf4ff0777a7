import { resolve } from 'node:path';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/https-client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import type { DataDirectory } from './data-directory.ts';
import type { FreePartOptions } from './part-options.ts';

/** The client of a part that may stand beside another's control plane. */
export async function freePartClient(terminal: Terminal, data: DataDirectory, { port, kubeconfig }: FreePartOptions, token: string): Promise<Client> {
  if (kubeconfig !== undefined) return createClient(await loadKubeconfig(resolve(terminal.workingDirectory, kubeconfig)));
  if (port === undefined) throw new UserError("Say which API server: the embedded one's port with --port N, or any with --kubeconfig FILE", { exitCode: 2 });
  return partClient(terminal, data, port, token);
}

/** Waits for the certificate authority of a first start; afterwards the API server may be away. */
export async function partClient({ clock, signal }: Terminal, data: DataDirectory, port: number, token: string): Promise<Client> {
  for (;;) {
    signal.throwIfAborted();
    const connection = await loadKubeconfig(data.kubeconfig).catch(() => undefined);
    if (connection?.caPem !== undefined) return createClient({ server: `https://127.0.0.1:${port}`, caPem: connection.caPem, token });
    await new Promise<void>((resolve) => clock.after(20, resolve));
  }
}
