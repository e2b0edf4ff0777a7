import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { createClient } from '../../client/https-client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import type { Client } from '../../client/client.ts';
import { startNetwork } from '../../engine/network/start.ts';
import { startBuiltinRouter } from '../../providers/traffic/builtin/start.ts';
import { TLS_DIR } from '../../providers/traffic/router-layout.ts';
import { dataOption, dataRoot } from '../data-option.ts';
import { openDataDirectory, type DataDirectory } from '../processes/data-directory.ts';
import type { Terminal } from '../terminal.ts';
import { aborted } from './up.ts';

interface PartOptions {
  readonly data?: string;
  readonly port: number;
}

/** The processes of a cluster, each a command of its own; `aweigh up` runs them. */
export function partCommands(terminal: Terminal): Command[] {
  const part = (name: string, description: string): Command => new Command(name).description(description).addOption(dataOption()).requiredOption('--port <n>', "the API server's port", Number);
  return [
    routerPart(terminal),
    part('network', 'ClusterIP proxy and DNS').action((options: PartOptions) => runNetwork(terminal, options)),
  ];
}

/** What runs in the pods of the built-in router. */
function routerPart(terminal: Terminal): Command {
  return new Command('router').description('the built-in router of one pod').requiredOption('--config <file>', 'router.json of its ConfigMap')
    .action(async ({ config }: { config: string }) => {
      const tls = join(dirname(dirname(config)), basename(TLS_DIR));
      const read = (file: string): string => readFileSync(file, 'utf8');
      const { clock, env, out, random, signal } = terminal;
      const router = await startBuiltinRouter({
        layout: JSON.parse(read(config)) as never, address: env['POD_IP'] ?? '127.0.0.1', ca: read(join(tls, 'ca.crt')), pem: read(join(tls, 'router.pem')),
        now: () => clock.now(), random, write: (text) => { out.write(text); },
      });
      await aborted(signal);
      await router.close();
    });
}

async function runNetwork(terminal: Terminal, options: PartOptions): Promise<void> {
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const client = await partClient(terminal, data, options.port, data.tokens.network);
  const network = await startNetwork({ client, dataDir: data.network, log: terminal.log, clock: terminal.clock, dnsPort: 0 });
  await aborted(terminal.signal);
  await network.close();
  client.close();
}

/** Waits for the certificate authority of a first start; afterwards the API server may be away. */
async function partClient({ clock, signal }: Terminal, data: DataDirectory, port: number, token: string): Promise<Client> {
  for (;;) {
    signal.throwIfAborted();
    const connection = await loadKubeconfig(data.kubeconfig).catch(() => undefined);
    if (connection?.caPem !== undefined) return createClient({ server: `https://127.0.0.1:${port}`, caPem: connection.caPem, token });
    await new Promise<void>((resolve) => clock.after(20, resolve));
  }
}
