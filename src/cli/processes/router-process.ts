import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { startBuiltinRouter } from '../../providers/traffic/builtin/start.ts';
import { TLS_DIR } from '../../providers/traffic/router-layout.ts';
import { aborted } from '../aborted.ts';
import type { Terminal } from '../terminal.ts';

/** What runs in the pods of the built-in router. @param config path of router.json */
export async function runRouterProcess(terminal: Terminal, config: string): Promise<void> {
  const tls = join(dirname(dirname(config)), basename(TLS_DIR));
  const read = (file: string): string => readFileSync(file, 'utf8');
  const { clock, env, out, random, signal } = terminal;
  const router = await startBuiltinRouter({
    layout: JSON.parse(read(config)) as never, address: env['POD_IP'] ?? '127.0.0.1', ca: read(join(tls, 'ca.crt')), pem: read(join(tls, 'router.pem')),
    now: () => clock.now(), elapsedMs: () => performance.now(), random, write: (text) => { out.write(text); },
  });
  await aborted(signal);
  await router.close();
}
