import { expect, test } from 'vitest';
import { RequestLanes, type RequestPriority } from './request-lanes.ts';

/** Requests that have been let go, by name, in order; each ends when told. */
function road() {
  const lanes = new RequestLanes(), gone: string[] = [], ends = new Map<string, () => void>();
  return {
    gone,
    send(name: string, priority?: RequestPriority): void {
      void lanes.enter(priority).then((end) => { gone.push(name); ends.set(name, end); });
    },
    async end(name: string): Promise<void> { await settled(); ends.get(name)?.(); await settled(); },
    settled,
  };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is urgent goes before all that waits, and finds a connection although many requests are on their way', async () => {
  const { gone, send, settled: all } = road();
  for (let i = 0; i < 100; i++) send(`n${i}`);
  for (let i = 0; i < 10; i++) send(`b${i}`, 'background');
  await all();
  expect(gone).toHaveLength(20);
  send('abort', 'urgent');
  await all();
  expect(gone.at(-1)).toBe('abort');
});

test('while something urgent is on its way little else is, and yet all goes on', async () => {
  const { gone, send, end, settled: all } = road();
  for (let i = 0; i < 20; i++) send(`u${i}`, 'urgent');
  for (let i = 0; i < 20; i++) send(`n${i}`);
  for (let i = 0; i < 20; i++) send(`b${i}`, 'background');
  await all();
  expect(gone.filter((name) => name.startsWith('u'))).toHaveLength(16);
  const beside = (): string[] => gone.filter((name) => !name.startsWith('u'));
  expect(beside()).toEqual(['n0', 'n1', 'b0']);
  await end('u0');
  expect(gone.at(-1)).toBe('u16');
  await end('n0');
  await end('b0');
  expect(beside()).toEqual(['n0', 'n1', 'b0', 'n2', 'b1']);
  for (let i = 1; i < 20; i++) await end(`u${i}`);
  expect(beside().length).toBe(16 + 4 + 2);
});

test('all that waits goes in the end, in its order', async () => {
  const { gone, send, end } = road();
  for (let i = 0; i < 30; i++) send(`n${i}`);
  for (let i = 0; i < 5; i++) send(`b${i}`, 'background');
  for (let ended = 0; ended < 35; ended++) await end(gone[ended] ?? '');
  expect(gone.filter((name) => name.startsWith('n'))).toEqual(Array.from({ length: 30 }, (_, i) => `n${i}`));
  expect(gone).toHaveLength(35);
});

test('a request that is given up while it waits is never sent', async () => {
  const lanes = new RequestLanes(), ending = new AbortController();
  const ends = await Promise.all(Array.from({ length: 16 }, () => lanes.enter(undefined)));
  const waits = lanes.enter(undefined, ending.signal);
  ending.abort(new Error('over'));
  await expect(waits).rejects.toThrow('over');
  for (const end of ends) end();
  await expect(lanes.enter(undefined)).resolves.toBeTypeOf('function');
});
