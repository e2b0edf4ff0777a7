import type { Client } from '../../client/client.ts';
import { keyOf, keyString, type KubernetesObject, type Resource } from '../../client/resource.ts';
import { isExpired } from '../../client/status-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';

/** Lists, then watches one kind until the signal; calls `changed` with all objects. While the API is away nothing is called, so that what is known stays. */
export async function followKind<T extends KubernetesObject>(options: {
  readonly client: Client;
  readonly resource: Resource<T>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  changed(objects: ReadonlyMap<string, T>): void;
}): Promise<void> {
  const { client, resource, clock, log, signal, changed } = options;
  let away = false;
  let waitMs = 100;
  while (!signal.aborted) {
    try {
      const first = await client.list(resource);
      const objects = new Map(first.items.map((o) => [keyString(keyOf(o)), o]));
      changed(objects);
      if (away) log.info({ kind: resource.kind }, 'The API is back');
      away = false;
      waitMs = 100;
      let { resourceVersion } = first;
      while (!signal.aborted) {
        for await (const event of client.watch(resource, { resourceVersion, signal })) {
          if (event.type === 'BOOKMARK') {
            ({ resourceVersion } = event);
            continue;
          }
          resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion;
          const key = keyString(keyOf(event.object));
          if (event.type === 'DELETED') objects.delete(key);
          else objects.set(key, event.object);
          changed(objects);
        }
        // A server that ends each watch at once must not be asked in a tight loop.
        await pause(clock, 50, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isExpired(error) && !away) {
        away = true;
        log.warn({ kind: resource.kind, error: String(error) }, 'The API is away: the last known state stays');
      }
      await pause(clock, waitMs, signal);
      waitMs = Math.min(1_000, waitMs * 2);
    }
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done);
  });
}
