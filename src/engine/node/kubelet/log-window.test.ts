import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../runtime/system-clock.ts';
import type { LogQuery } from './log-query.ts';
import { markLog } from './log-times.ts';
import { firstKept, trimLog } from './log-window.ts';
import { readLog } from './read-log.ts';

let folder: string;
let log: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aweigh-log-'));
  log = join(folder, 'log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const all: LogQuery = { follow: false, previous: false, timestamps: false };

async function read(query: Partial<LogQuery> = {}, ended = (): boolean => true): Promise<string[]> {
  let text = '';
  for await (const piece of readLog(log, { ...all, ...query }, { startedAtMs: 0, ended, clock: systemClock, signal: new AbortController().signal })) text += piece.toString();
  return text.split('\n').filter((l) => l !== '');
}

const limits = { maxSizeBytes: 65_536, maxFiles: 3 };

test('while a program writes, the oldest lines go and none of the others is lost, not even for one who follows', async () => {
  const lines = 60_000;
  const output = openSync(log, 'a');
  const child = spawn(process.execPath, ['-e', `for (let i = 0; i < ${lines}; i++) require('fs').writeSync(1, 'line ' + i + '\\n')`], { stdio: ['ignore', output, 'inherit'] });
  closeSync(output);
  let ended = false;
  child.once('exit', () => (ended = true));
  const following = read({ follow: true }, () => ended);
  let trims = 0;
  for (let last: number | undefined; !ended; await new Promise((resolve) => setTimeout(resolve, 1))) {
    last = markLog(log, last, Date.now());
    if (await trimLog(log, last, limits)) trims += 1;
  }
  // A program that was faster than the first look is trimmed here.
  if (await trimLog(log, statSync(log).size, limits)) trims += 1;
  expect(trims).toBeGreaterThan(0);

  const kept = await read();
  const first = Number(kept[0]!.slice(5));
  expect(kept).toEqual(Array.from({ length: lines - first }, (_, i) => `line ${first + i}`));
  const { size, blocks } = statSync(log);
  expect(size - firstKept(log)).toBeLessThanOrEqual(limits.maxSizeBytes * limits.maxFiles);
  expect(size - firstKept(log)).toBeGreaterThan(limits.maxSizeBytes);
  expect(blocks * 512).toBeLessThan(limits.maxSizeBytes * limits.maxFiles + 16_384);

  const followed = (await following).map((l) => Number(l.slice(5)));
  expect(followed.at(-1)).toBe(lines - 1);
  expect(followed.every((n, i) => i === 0 || n > followed[i - 1]!)).toBe(true);
  expect(await read({ tailLines: 2 })).toEqual([`line ${lines - 2}`, `line ${lines - 1}`]);
  expect(await read({ tailLines: lines })).toEqual(kept);
  expect((await read({ timestamps: true, tailLines: lines })).every((l) => /^\d{4}-\S+Z line \d+$/.test(l))).toBe(true);
});
