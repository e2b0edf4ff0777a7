import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/https-client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import type { Terminal } from '../terminal.ts';
import type { DataDirectory } from './data-directory.ts';

/** Waits for the certificate authority of a first start; afterwards the API server may be away. */
export async function partClient({ clock, signal }: Terminal, data: DataDirectory, port: number, token: string): Promise<Client> {
  for (;;) {
    signal.throwIfAborted();
    const connection = await loadKubeconfig(data.kubeconfig).catch(() => undefined);
    if (connection?.caPem !== undefined) return createClient({ server: `https://127.0.0.1:${port}`, caPem: connection.caPem, token });
    await new Promise<void>((resolve) => clock.after(20, resolve));
  }
}
