import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand, type CommandOptions, type CommandResult } from './command.ts';
import { isolationHere } from './sandbox.ts';

const isolation = isolationHere();
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'aweigh-sandbox-'));
  // What is hidden is so by the sandbox alone.
  chmodSync(root, 0o755);
  for (const folder of ['data/home', 'data/checkout/app']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'data', 'tokens.json'), 'very secret');
  writeFileSync(join(root, 'data', 'checkout', 'shared.txt'), 'shared');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const generous = { isolation, network: true, memoryBytes: 4 * 2 ** 30, processes: 1_024, path: process.env['PATH'] ?? '', timeoutMs: 60_000 };

function sh(script: string, options: Partial<CommandOptions> = {}): Promise<CommandResult> {
  const data = join(root, 'data');
  return runCommand(['sh', '-c', script], { checkout: join(data, 'checkout'), folder: join(data, 'checkout', 'app'), home: join(data, 'home'), hidden: [data], ...generous, ...options, signal: new AbortController().signal });
}

test('tests run where a sandbox can be made', { skip: process.env['CI'] === undefined }, () => expect(isolation).toMatchObject({ kind: expect.stringMatching(/full|namespaces/), ownNetwork: true }));

test.skipIf(isolation.kind === 'none')('a command writes to its commit and its home, reads the whole commit, and sees nothing of the hidden folder', async () => {
  expect(await sh('cat ../shared.txt > made.txt && echo kept > $HOME/cache')).toMatchObject({ ended: 'exit', code: 0 });
  expect(readFileSync(join(root, 'data/checkout/app/made.txt'), 'utf8')).toBe('shared');
  expect(readFileSync(join(root, 'data/home/cache'), 'utf8')).toBe('kept\n');
  expect(await sh(`cat ${join(root, 'data', 'tokens.json')}`)).toMatchObject({ ended: 'exit', code: 1, log: expect.stringMatching(/No such file/) });
  expect(await sh(`ls -A ${join(root, 'data')}`)).toEqual({ ended: 'exit', code: 0, log: '' });
});

test.skipIf(isolation.kind === 'none')('it has no rights of the controllers, sees no process of others, and is kept to limits', async () => {
  const result = await sh('grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status; id -u; ls -d /proc/[0-9]* | wc -l; ulimit -c; umount ../ 2>&1');
  const [eff, ...rest] = result.log.split('\n').map((line) => line.trim());
  expect(eff).toMatch(/^CapEff:\t0+$/);
  expect(result.log).toMatch(/NoNewPrivs:\t1/);
  if (isolation.kind === 'full') expect(rest).toEqual(expect.arrayContaining(['CapBnd:\t0000000000000000', '65534']));
  expect(Number(rest.find((line) => /^\d$/.test(line)))).toBeLessThan(10);
  expect(result.ended === 'exit' && result.code, 'it may not take a mount away').toBeGreaterThan(0);
});

test.skipIf(isolation.kind === 'none')('what it leaves running, or starts beside itself, ends with it', async () => {
  const pidfile = join(root, 'data/checkout/app/alive');
  expect(await sh('setsid sh -c "while :; do date +%N > alive; sleep 0.02; done" >/dev/null 2>&1 & until [ -s alive ]; do sleep 0.02; done')).toMatchObject({ ended: 'exit', code: 0 });
  const last = readFileSync(pidfile, 'utf8');
  await sh('sleep 0.3');
  expect(readFileSync(pidfile, 'utf8')).toBe(last);
  expect(await sh('setsid sleep 600 & sleep 600', { timeoutMs: 300 })).toMatchObject({ ended: 'timeout' });
});

const someMemory = (bytes: number): string => `v=$(head -c ${bytes} /dev/zero | tr '\\0' x)`;

// A shell whose last command is sleep becomes it, and lets its memory go.
test('no process gets more memory than there is for all, and together they get no more either', async () => {
  const memoryBytes = 64 * 2 ** 20;
  expect(await sh(`${someMemory(1_000_000)}; echo \${#v}`, { memoryBytes })).toEqual({ ended: 'exit', code: 0, log: '1000000\n' });
  expect(await sh(someMemory(200_000_000), { memoryBytes })).toMatchObject({ ended: 'exit', code: expect.toSatisfy((code: number) => code !== 0) as number });
  expect(await sh(`for i in 1 2 3 4 5 6; do (${someMemory(20_000_000)}; sleep 600; echo \${#v}) & done; wait`, { memoryBytes })).toMatchObject({ ended: 'memory' });
});

test('what multiplies is ended', async () => {
  expect(await sh('for i in $(seq 40); do sleep 600 & done; wait', { processes: 20 })).toMatchObject({ ended: 'processes' });
});

test.skipIf(!isolation.ownNetwork)('without network it reaches its own loopback and nothing else, nor the loopback of this machine', async () => {
  const server = createServer((_, response) => response.end('here')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const ask = `node -e 'fetch("http://127.0.0.1:${port}").then((r) => r.text()).then(console.log, () => process.exit(7))'`;
    expect(await sh(ask)).toEqual({ ended: 'exit', code: 0, log: 'here\n' });
    expect(await sh(ask, { network: false })).toMatchObject({ ended: 'exit', code: 7 });
    const own = `node -e 'const s = require("node:http").createServer((q, a) => a.end("own")).listen(8080, "127.0.0.1", () => fetch("http://127.0.0.1:8080").then((r) => r.text()).then((t) => { console.log(t); s.close(); }))'`;
    expect(await sh(own, { network: false })).toEqual({ ended: 'exit', code: 0, log: 'own\n' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('a program that there is not is said', async () => {
  expect(await runCommand(['no-such-program'], { checkout: root, folder: root, home: root, hidden: [], ...generous, signal: new AbortController().signal })).toMatchObject({ ended: 'notFound' });
});
