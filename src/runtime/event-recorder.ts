import type { Client } from '../client/client.ts';
import { Events } from '../client/kinds.ts';
import type { KubernetesObject } from '../client/resource.ts';
import { isNotFound } from '../client/status-error.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export interface EventRecorder {
  /** Records in the background; an Event that cannot be written is dropped with a debug line.
   *  @param reason PascalCase, the same word as the condition's */
  event(about: KubernetesObject, type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** Resolves when all that was recorded is written. */
  flush(): Promise<void>;
}

interface Recorded {
  readonly name: string;
  readonly namespace: string;
  count: number;
  lastMs: number;
}

/** An equal Event within this time raises the count of the first. */
const aggregateWithinMs = 600_000;
/** One object may cause this many Events at once, and one more each `refillMs`. */
const burst = 25;
const refillMs = 300_000 / 25;
const maxRemembered = 4_096;

/** Writes core/v1 Events; repeated ones raise `count`, and one object cannot flood the API. */
export function createEventRecorder(context: { readonly client: Client; readonly clock: Clock; readonly log: Logger }, component: string): EventRecorder {
  const { client, clock, log } = context;
  const recorded = new Map<string, Recorded>();
  const spent = new Map<string, { tokens: number; atMs: number }>();
  let sequence = 0;
  let last: Promise<void> = Promise.resolve();

  const mayRecord = (uid: string, nowMs: number): boolean => {
    const bucket = spent.get(uid) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / refillMs);
    bucket.atMs = nowMs;
    remember(spent, uid, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };

  const write = async (about: KubernetesObject, type: string, reason: string, message: string, nowMs: number): Promise<void> => {
    const meta = about.metadata ?? {};
    const id = [about.kind, meta.uid, type, reason, message].join('\0');
    const known = recorded.get(id);
    const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
    if (known !== undefined && nowMs - known.lastMs < aggregateWithinMs) {
      known.count += 1;
      known.lastMs = nowMs;
      try {
        await client.patch(Events, known, { count: known.count, lastTimestamp: now }, { type: 'merge', priority: 'background' });
        return;
      } catch (e) {
        if (!isNotFound(e)) throw e;
      }
    }
    // 'default' is where Events of cluster-scoped objects live.
    const namespace = meta.namespace ?? 'default';
    const name = `${meta.name}.${(BigInt(nowMs) * 1_000_000n + BigInt(sequence++ % 1_000_000)).toString(16)}`;
    await client.create(Events, {
      metadata: { name, namespace },
      involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name: meta.name, namespace: meta.namespace, uid: meta.uid, resourceVersion: meta.resourceVersion },
      type,
      reason,
      message: message.slice(0, 1_024),
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component },
      reportingComponent: component,
      reportingInstance: '',
    }, { priority: 'background' });
    remember(recorded, id, { name, namespace, count: 1, lastMs: nowMs });
  };

  return {
    event(about, type, reason, message) {
      const nowMs = clock.now();
      if (!mayRecord(about.metadata?.uid ?? '', nowMs)) return;
      last = last
        .then(() => write(about, type, reason, message, nowMs))
        .catch((e: unknown) => log.debug({ reason, name: about.metadata?.name, error: e instanceof Error ? e.message : String(e) }, 'An Event was dropped'));
    },
    flush: () => last,
  };
}

/** Keeps the most recently used entries. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > maxRemembered) map.delete(map.keys().next().value!);
}
