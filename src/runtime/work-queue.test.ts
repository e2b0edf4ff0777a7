import { expect, test } from 'vitest';
import { ManualClock } from './manual-clock.ts';
import { WorkQueue } from './work-queue.ts';

const build = (clock = new ManualClock()) => ({ clock, queue: new WorkQueue({ clock, random: { next: () => 0.5 }, limits: { baseMs: 10, maxMs: 100 } }) });

test('a key stands in the queue once, first come first served', async () => {
  const { queue } = build();
  for (const key of ['a', 'b', 'a']) queue.add(key);
  expect([await queue.take(), await queue.take(), queue.size]).toEqual(['a', 'b', 0]);
});

test('a key that is added while it is worked on comes again only after done', async () => {
  const { queue } = build();
  queue.add('a');
  await queue.take();
  queue.add('a');
  expect(queue.size).toBe(0);
  queue.done('a');
  expect(await queue.take()).toBe('a');
});

test('what can wait goes behind what changes now, comes forward when it changes, and does not wait for ever', async () => {
  const { queue } = build();
  for (const key of ['old', 'older', 'oldest']) queue.addLater(key);
  queue.add('new');
  queue.add('older');
  expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['new', 'older', 'old']);
  for (let i = 0; i < 20; i++) queue.add(`new-${i}`);
  const taken: (string | undefined)[] = [];
  for (let i = 0; i < 10; i++) taken.push(await queue.take());
  expect(taken).toContain('oldest');
});

test('what is urgent goes first, comes forward when it becomes so, and the rest does not wait for ever', async () => {
  const urgent = new Set(['u1']);
  const queue = new WorkQueue({ clock: new ManualClock(), random: { next: () => 0.5 }, isUrgent: (key) => urgent.has(key) });
  for (let i = 0; i < 100; i++) queue.add(`n${i}`);
  queue.add('u1');
  urgent.add('n99');
  queue.add('n99');
  queue.addLater('old');
  expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['u1', 'n99', 'n0']);
  for (let i = 0; i < 40; i++) { urgent.add(`x${i}`); queue.add(`x${i}`); }
  const taken: (string | undefined)[] = [];
  for (let i = 0; i < 20; i++) taken.push(await queue.take());
  expect(taken.slice(0, 4)).toEqual(['x0', 'x1', 'x2', 'x3']);
  expect(taken).toEqual(expect.arrayContaining(['n1', 'old']));
  expect(taken.filter((key) => key?.startsWith('x')).length).toBeGreaterThan(14);
});

test('who takes only what is urgent leaves the rest to others', async () => {
  const queue = new WorkQueue({ clock: new ManualClock(), random: { next: () => 0.5 }, isUrgent: (key) => key.startsWith('u') });
  const kept = queue.take('urgent');
  queue.add('n');
  expect(queue.size).toBe(1);
  queue.add('u');
  expect([await kept, await queue.take()]).toEqual(['u', 'n']);
});

test('of two delayed adds the earlier counts', () => {
  const { clock, queue } = build();
  queue.addAfter('a', 50);
  queue.addAfter('a', 20);
  queue.addAfter('a', 90);
  clock.advance(20);
  expect(queue.size).toBe(1);
});

test('back-off doubles with jitter up to its limit, and forget starts it anew', () => {
  const { clock, queue } = build();
  queue.addRateLimited('a');
  clock.advance(5);
  expect(queue.size).toBe(1);
  for (let i = 0; i < 8; i++) queue.addRateLimited('b');
  queue.forget('b');
  expect(queue.failuresOf('b')).toBe(0);
});

test('close ends those who wait', async () => {
  const { queue } = build();
  const waiting = queue.take();
  queue.close();
  expect(await waiting).toBeUndefined();
});
