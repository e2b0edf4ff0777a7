import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { hasPeers, startReal } from '../../../bench/apiserver/servers.ts';
import type { Connection } from '../../../src/client/connection.ts';
import { createClient } from '../../../src/client/https-client.ts';
import { startApiServer } from '../../../src/engine/apiserver/start.ts';
import { createEngineControllers } from '../../../src/engine/controllers/index.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { runControllers } from '../../../src/runtime/run-controllers.ts';
import { systemClock as clock, systemRandom as random } from '../../../src/runtime/system-clock.ts';

const run = promisify(execFile);
const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** A client of another language, made ready once; undefined (and said aloud) where its tools are not there. */
interface Program { readonly name: string; prepare(folder: string): Promise<readonly string[] | undefined> }

const programs: readonly Program[] = [
  {
    name: 'client-go and controller-runtime',
    async prepare(folder) {
      if (!(await isThere('go', ['version']))) return undefined;
      const program = join(folder, 'go-clients');
      await run('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'go'), env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' }, maxBuffer: 1 << 24 });
      return [program];
    },
  },
  { name: '@kubernetes/client-node', prepare: () => Promise.resolve([process.execPath, join(import.meta.dirname, 'node-client.ts')]) },
  {
    name: 'the Python client',
    async prepare(folder) {
      if (!(await isThere('python3', ['-m', 'venv', '--help']))) return undefined;
      const environment = join(folder, 'venv');
      await run('python3', ['-m', 'venv', environment]);
      await run(join(environment, 'bin', 'pip'), ['install', '--quiet', 'kubernetes>=34']);
      return [join(environment, 'bin', 'python'), '-W', 'ignore', join(import.meta.dirname, 'python', 'clients.py')];
    },
  },
];

async function isThere(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, [...args]);
    return true;
  } catch {
    console.warn(`${command} is not there: its client is not tried`);
    return false;
  }
}

async function ours(folder: string): Promise<Connection> {
  const server = await startApiServer({ dataDir: folder, log: silentLogger, clock, random, staticTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }] });
  stops.push(() => server.close());
  const connection = { server: server.url, caPem: server.caPem, token: 'admin-token' };
  const client = createClient(connection);
  const ending = new AbortController();
  const controllers = runControllers({ factories: createEngineControllers({ rootCaPem: server.caPem }), client, clock, random, log: silentLogger, signal: ending.signal });
  stops.push(async () => {
    ending.abort();
    await controllers;
    client.close();
  });
  return connection;
}

async function real(folder: string): Promise<Connection> {
  const server = await startReal(folder);
  stops.push(() => server.stop());
  return { server: `https://${server.target.host}:${server.target.port}`, token: server.target.token, insecureSkipTlsVerify: true };
}

function kubeconfig(folder: string, { server, caPem, token }: Connection): string {
  const file = join(folder, 'kubeconfig');
  const trust = caPem === undefined ? { 'insecure-skip-tls-verify': true } : { 'certificate-authority-data': Buffer.from(caPem).toString('base64') };
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: 'c', cluster: { server, ...trust } }], users: [{ name: 'u', user: { token } }], contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }], 'current-context': 'x' }), { mode: 0o600 });
  return file;
}

/** The steps that a program tells, as lines of JSON. */
async function stepsOf([command = '', ...args]: readonly string[], config: string): Promise<unknown[]> {
  const { stdout } = await run(command, [...args, config], { maxBuffer: 1 << 24, timeout: 180_000 });
  return stdout.trim().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as unknown);
}

for (const program of programs) {
  test(`${program.name}: every step comes out as on a real API server`, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'aweigh-clients-'));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));
    const command = await program.prepare(folder);
    if (command === undefined) return context.skip();
    const got = await stepsOf(command, kubeconfig(folder, await ours(join(folder, 'ours'))));
    expect(got.at(-1)).toEqual({ step: 'done', result: true });
    if (!hasPeers()) return;
    const want = await stepsOf(command, kubeconfig(folder, await real(join(folder, 'real'))));
    expect(got).toEqual(want);
  }, 600_000);
}
