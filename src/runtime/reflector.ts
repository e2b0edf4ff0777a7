import type { Client } from '../client/client.ts';
import { keyOf, type KubernetesObject, type Resource } from '../client/resource.ts';
import { isExpired, StatusError } from '../client/status-error.ts';
import { backoffMs, pause } from './backoff.ts';
import type { Clock, Random } from './clock.ts';
import type { Informer } from './informer.ts';
import type { Logger } from './logger.ts';
import { ObjectCache } from './object-cache.ts';

export interface ReflectorOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

const pageSize = 1000;
const retry = { baseMs: 50, maxMs: 3_000 };

/** Starts an informer that lists once, then follows the watch; it lists again when its revision has expired. Ends with the signal. */
export function startReflector<T extends KubernetesObject>(resource: Resource<T>, options: ReflectorOptions): Informer<T> {
  const cache = new ObjectCache<T>();
  let markSynced = (): void => {};
  const synced = new Promise<void>((resolve) => (markSynced = resolve));
  void follow(resource, options, cache, markSynced);
  return {
    synced,
    get: (key) => cache.get(key),
    list: (namespace) => cache.list(namespace),
    byIndex: (index, value) => cache.byIndex(index, value),
    addIndex: (index, values) => cache.addIndex(index, values),
    onChange: (call) => cache.onChange(call),
  };
}

async function follow<T extends KubernetesObject>(resource: Resource<T>, options: ReflectorOptions, cache: ObjectCache<T>, markSynced: () => void): Promise<void> {
  const { clock, random, signal } = options;
  const log = options.log.child({ resource: resource.plural });
  let revision: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (revision === undefined) {
        revision = await listInto(resource, options, cache);
        markSynced();
      }
      const startedMs = clock.now();
      for await (const event of options.client.watch(resource, { ...scopeOf(options), resourceVersion: revision, signal })) {
        failures = 0;
        if (event.type === 'BOOKMARK') revision = event.resourceVersion;
        else {
          revision = event.object.metadata?.resourceVersion ?? revision;
          if (event.type === 'DELETED') cache.delete(keyOf(event.object), event.object);
          else cache.set(slim(event.object));
        }
      }
      // A server that closes each watch at once must not be asked in a tight loop.
      if (clock.now() - startedMs < 1_000) await pause(clock, backoffMs(++failures, retry, random), signal);
    } catch (e) {
      if (signal.aborted) return;
      if (isExpired(e)) revision = undefined;
      else if (failures === 0 || failures % 20 === 0) log.debug({ error: e instanceof Error ? e.message : String(e), reason: e instanceof StatusError ? e.reason : 'Unknown' }, 'List or watch failed; trying again');
      await pause(clock, backoffMs(failures++, retry, random), signal);
    }
  }
}

async function listInto<T extends KubernetesObject>(resource: Resource<T>, options: ReflectorOptions, cache: ObjectCache<T>): Promise<string> {
  const items: T[] = [];
  let continueToken: string | undefined;
  let revision: string;
  do {
    const page = await options.client.list(resource, { ...scopeOf(options), limit: pageSize, continueToken });
    for (const item of page.items) items.push(slim(item));
    revision = page.resourceVersion;
    continueToken = page.continueToken;
  } while (continueToken !== undefined);
  cache.replace(items);
  return revision;
}

/** Without who owns which field: that is about half of an object, and no controller decides by it. A write that leaves it out changes nothing of it. */
function slim<T extends KubernetesObject>(object: T): T {
  delete object.metadata?.managedFields;
  return object;
}

function scopeOf(options: ReflectorOptions): { namespace?: string; labelSelector?: string; fieldSelector?: string } {
  return { namespace: options.namespace, labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
}
