import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { CONFIG_DIR, RUN_DIR, TLS_DIR } from '../router-layout.ts';
import { placedFault } from './own-lines.ts';

const ALERT = '[ALERT]';

export interface ConfigCheckOptions {
  /** Content of the environment variable PATH. */
  readonly path: string;
  /** Files of a control Secret: a config is checked with all that it names. */
  readonly tls: () => Promise<Readonly<Record<string, string>>>;
}

export type ConfigCheck =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'refused'; readonly fault: string }
  /** There is no haproxy here. */
  | { readonly outcome: 'unchecked' };

/** Asks the real `haproxy -c` about the files of a router's ConfigMap. @throws when it does not answer before `signal` aborts */
export async function checkConfig(files: Readonly<Record<string, string>>, { path, tls }: ConfigCheckOptions, signal: AbortSignal): Promise<ConfigCheck> {
  const program = path.split(delimiter).map((folder) => join(folder, 'haproxy')).find(isExecutable);
  if (program === undefined) return { outcome: 'unchecked' };
  const root = mkdtempSync(join(tmpdir(), 'aweigh-haproxy-'));
  try {
    for (const folder of [CONFIG_DIR, TLS_DIR, RUN_DIR]) mkdirSync(join(root, folder), { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, CONFIG_DIR, name), content);
    for (const [name, content] of Object.entries(await tls())) writeFileSync(join(root, TLS_DIR, name), content, { mode: 0o600 });
    const { code, errors } = await run(program, root, signal);
    // A line that is only passed over is an alert with a good exit code.
    return code === 0 && !errors.includes(ALERT) ? { outcome: 'accepted' } : { outcome: 'refused', fault: firstFault(files['haproxy.cfg'] ?? '', errors) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function run(program: string, cwd: string, signal: AbortSignal): Promise<{ code: number | null; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['-c', '-f', `${CONFIG_DIR}/haproxy.cfg`], { cwd, env: { POD_IP: '127.0.0.1' }, stdio: ['ignore', 'ignore', 'pipe'], signal });
    let errors = '';
    child.stderr.on('data', (d: Buffer) => (errors += d.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, errors }));
  });
}

/** `[ALERT] (1) : config : parsing [etc/…/haproxy.cfg:12] : unknown keyword …` */
function firstFault(config: string, errors: string): string {
  const line = errors.split('\n').find((l) => l.startsWith(ALERT)) ?? '';
  const [, number, message] = /haproxy\.cfg:(\d+)\]\s*: (.*)$/.exec(line) ?? [];
  return placedFault(config, number === undefined ? undefined : Number(number), message ?? line.replace(/^\[ALERT\]\s*(\(\d+\) : )?/, ''));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
