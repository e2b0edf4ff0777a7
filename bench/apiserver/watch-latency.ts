import { once, open, quantile, wire, type Target } from './load-client.ts';
import { pod, PODS } from './workload.ts';

export interface WatchLatency {
  /** Milliseconds from sending a create to a watcher's receipt of its event. */
  readonly p50: number;
  readonly p99: number;
  /** Share of the expected events that came. */
  readonly delivered: number;
}

/** `watchers` watches on pods, `creates` creates at a steady rate. Lines are searched for the new name only, so that the client keeps up. */
export async function watchLatency(target: Target, watchers: number, creates: number, perSecond = 20): Promise<WatchLatency> {
  const { body } = await once(target, { method: 'GET', path: `${PODS}?limit=1` });
  const from = (JSON.parse(body) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
  const tag = `watched-${process.pid}-${Date.now().toString(36)}-`;
  const sentAt: number[] = [];
  const latencies: number[] = [];
  const mark = Buffer.from(`"name":"${tag}`);
  const sockets = await Promise.all(Array.from({ length: watchers }, async () => {
    const socket = await open(target);
    const seen = new Set<number>();
    // The name stands in the first bytes of an event, which may be parted over two chunks.
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (data: Buffer) => {
      const now = performance.now();
      const all = rest.length === 0 ? data : Buffer.concat([rest, data]);
      let at = 0;
      for (let found = all.indexOf(mark, at); found >= 0; found = all.indexOf(mark, at)) {
        at = found + mark.length;
        const end = all.indexOf('"', at);
        if (end < 0) { at = found; break; }
        const index = Number(all.toString('latin1', at, end));
        // managedFields and the like may name the pod again.
        if (!seen.has(index)) { seen.add(index); latencies.push(now - (sentAt[index] ?? NaN)); }
      }
      rest = all.subarray(Math.max(at, all.length - mark.length - 8));
    });
    socket.write(wire(target, { method: 'GET', path: `${PODS}?watch=1&resourceVersion=${from}` }));
    return socket;
  }));
  await until(() => sockets.every((s) => s.bytesRead > 0), 10_000);
  const started = performance.now();
  const made: Promise<unknown>[] = [];
  for (let i = 0; i < creates; i++) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, started + (i * 1_000) / perSecond - performance.now())));
    sentAt.push(performance.now());
    made.push(once(target, { method: 'POST', path: PODS, body: JSON.stringify(pod(`${tag}${i}`)) }));
  }
  await Promise.all(made);
  await until(() => latencies.length >= watchers * creates, 15_000);
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), delivered: latencies.length / (watchers * creates) };
}

/** Waits for a condition, at most so long. */
async function until(holds: () => boolean, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!holds() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}
