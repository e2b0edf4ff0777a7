import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand, type CommandResult } from './command.ts';
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

function sh(script: string, timeoutMs = 60_000): Promise<CommandResult> {
  const data = join(root, 'data');
  return runCommand(['sh', '-c', script], { checkout: join(data, 'checkout'), folder: join(data, 'checkout', 'app'), home: join(data, 'home'), hidden: [data], isolation, path: process.env['PATH'] ?? '', timeoutMs, signal: new AbortController().signal });
}

test('tests run where a sandbox can be made', { skip: process.env['CI'] === undefined }, () => expect(isolation).not.toBe('none'));

test.skipIf(isolation === 'none')('a command writes to its commit and its home, reads the whole commit, and sees nothing of the hidden folder', async () => {
  expect(await sh('cat ../shared.txt > made.txt && echo kept > $HOME/cache')).toMatchObject({ ended: 'exit', code: 0 });
  expect(readFileSync(join(root, 'data/checkout/app/made.txt'), 'utf8')).toBe('shared');
  expect(readFileSync(join(root, 'data/home/cache'), 'utf8')).toBe('kept\n');
  expect(await sh(`cat ${join(root, 'data', 'tokens.json')}`)).toMatchObject({ ended: 'exit', code: 1, log: expect.stringMatching(/No such file/) });
  expect(await sh(`ls -A ${join(root, 'data')}`)).toEqual({ ended: 'exit', code: 0, log: '' });
});

test.skipIf(isolation === 'none')('it has no rights of the controllers, sees no process of others, and is kept to limits', async () => {
  const result = await sh('grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status; id -u; ls -d /proc/[0-9]* | wc -l; ulimit -c; umount ../ 2>&1');
  const [eff, ...rest] = result.log.split('\n').map((line) => line.trim());
  expect(eff).toMatch(/^CapEff:\t0+$/);
  expect(result.log).toMatch(/NoNewPrivs:\t1/);
  if (isolation === 'full') expect(rest).toEqual(expect.arrayContaining(['CapBnd:\t0000000000000000', '65534']));
  expect(Number(rest.find((line) => /^\d$/.test(line)))).toBeLessThan(10);
  expect(result.ended === 'exit' && result.code, 'it may not take a mount away').toBeGreaterThan(0);
});

test.skipIf(isolation === 'none')('what it leaves running, or starts beside itself, ends with it', async () => {
  const pidfile = join(root, 'data/checkout/app/alive');
  expect(await sh('setsid sh -c "while :; do date +%N > alive; sleep 0.02; done" >/dev/null 2>&1 & until [ -s alive ]; do sleep 0.02; done')).toMatchObject({ ended: 'exit', code: 0 });
  const last = readFileSync(pidfile, 'utf8');
  await sh('sleep 0.3');
  expect(readFileSync(pidfile, 'utf8')).toBe(last);
  expect(await sh('setsid sleep 600 & sleep 600', 300)).toMatchObject({ ended: 'timeout' });
});

test('a program that there is not is said', async () => {
  expect(await runCommand(['no-such-program'], { checkout: root, folder: root, home: root, hidden: [], isolation, path: process.env['PATH'] ?? '', timeoutMs: 1_000, signal: new AbortController().signal })).toMatchObject({ ended: 'notFound' });
});
