import type { Client } from '../client/client.ts';
import { Leases } from '../client/kinds.ts';
import type { ObjectKey } from '../client/resource.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../client/status-error.ts';
import type { Lease } from '../kubernetes/types.generated.ts';
import { pause } from './backoff.ts';
import type { Clock, Random } from './clock.ts';
import type { Logger } from './logger.ts';
import { startReflector } from './reflector.ts';

/** A pod that was deleted by force is gone from the API a moment before its node has ended it. */
const GONE_GRACE_MS = 1_000;

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly lease: ObjectKey;
  /** Unique to the process, or stable for a process that replaces itself: then it takes its own Lease back at once. */
  readonly identity: string;
  /** Default 15 s. Renewed at a third of it; given up when not renewed for two thirds. */
  readonly leaseDurationMs?: number;
  /** How often a candidate looks whether the Lease has run out; that it was released it sees at once. Default 1 s. */
  readonly retryMs?: number;
  /** Whether a holder is known to be gone for good, and not just silent: then its Lease is not waited for. Rejects where it cannot be told. Absent: nobody knows. */
  readonly isGone?: (holder: string) => Promise<boolean>;
}

/** Waits for the Lease, then runs `lead` until the signal aborts or the Lease is lost; the Lease is released on the way out. Where the Lease is lost it waits for it again. */
export async function runAsLeader(options: LeaderElectionOptions, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { random, signal, log } = options;
  const durationMs = options.leaseDurationMs ?? 15_000;
  // A holder's clock is not ours: its Lease counts as expired when we have seen no change of it for its whole duration.
  const seen: Seen = { renewTime: undefined, atMs: 0, goneSinceMs: undefined };
  let release: ReleaseWatch | undefined;
  while (!signal.aborted) {
    if (!(await tryAcquire(options, durationMs, seen))) {
      release ??= watchForRelease(options);
      await release.within((options.retryMs ?? 1_000) * (0.8 + 0.4 * random.next()));
      continue;
    }
    release?.stop();
    release = undefined;
    log.info({ lease: options.lease.name, identity: options.identity }, 'Became leader');
    const term = new AbortController();
    const end = (): void => term.abort();
    signal.addEventListener('abort', end, { once: true });
    const renewing = renew(options, durationMs, seen, term);
    await lead(term.signal).finally(end);
    await renewing;
    signal.removeEventListener('abort', end);
    await letGo(options);
    if (!signal.aborted) log.warn({ lease: options.lease.name, identity: options.identity }, 'Lost the lease');
  }
}

interface ReleaseWatch {
  /** Resolves when the Lease has no holder, or after so long. */
  within(ms: number): Promise<void>;
  stop(): void;
}

function watchForRelease(options: LeaderElectionOptions): ReleaseWatch {
  const { namespace, name } = options.lease;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  let released = false;
  let wake = (): void => {};
  signal.addEventListener('abort', () => wake(), { once: true });
  const informer = startReflector(Leases, { ...options, signal, namespace, fieldSelector: `metadata.name=${name}` });
  informer.onChange(({ current }) => {
    released = (current?.spec?.holderIdentity ?? '') === '';
    if (released) wake();
  });
  return {
    async within(ms) {
      const woken = new AbortController();
      wake = () => woken.abort();
      // Once: where it cannot be taken all the same, time passes between two tries.
      if (!released && !signal.aborted) await pause(options.clock, ms, woken.signal);
      released = false;
    },
    stop: () => ending.abort(),
  };
}

interface Seen {
  renewTime: string | undefined;
  atMs: number;
  /** Since when the holder has been known to be gone without a further sign of it. */
  goneSinceMs: number | undefined;
}

async function renew(options: LeaderElectionOptions, durationMs: number, seen: Seen, term: AbortController): Promise<void> {
  let lastMs = options.clock.now();
  while (!term.signal.aborted) {
    await pause(options.clock, durationMs / 3, term.signal);
    if (term.signal.aborted) return;
    if (await tryAcquire(options, durationMs, seen)) lastMs = options.clock.now();
    else if (options.clock.now() - lastMs >= (durationMs * 2) / 3) term.abort();
  }
}

/** Whether the holder has been gone for as long as its processes may need to end, and has not renewed meanwhile. */
async function isLost({ isGone, clock }: LeaderElectionOptions, holder: string, seen: Seen): Promise<boolean> {
  if (isGone === undefined) return false;
  if (!(await isGone(holder))) {
    seen.goneSinceMs = undefined;
    return false;
  }
  seen.goneSinceMs ??= clock.now();
  return clock.now() - seen.goneSinceMs >= GONE_GRACE_MS;
}

/** False where another holds the Lease or the API cannot be asked. */
async function tryAcquire(options: LeaderElectionOptions, durationMs: number, seen: Seen): Promise<boolean> {
  const { client, clock, identity, lease: key } = options;
  const nowMs = clock.now();
  try {
    const lease = await client.get(Leases, key).catch((e: unknown) => {
      if (isNotFound(e)) return undefined;
      throw e;
    });
    const held = lease?.spec;
    if (held?.renewTime !== seen.renewTime) Object.assign(seen, { renewTime: held?.renewTime, atMs: nowMs, goneSinceMs: undefined });
    const holder = held?.holderIdentity ?? '';
    const expired = nowMs - seen.atMs >= (held?.leaseDurationSeconds ?? 0) * 1_000;
    if (holder !== '' && holder !== identity && !expired && !(await isLost(options, holder, seen))) return false;
    const now = microTime(nowMs);
    const next: Lease = {
      ...lease,
      metadata: { ...lease?.metadata, ...key },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1_000)),
        renewTime: now,
        acquireTime: holder === identity ? (held?.acquireTime ?? now) : now,
        leaseTransitions: (held?.leaseTransitions ?? 0) + (lease === undefined || holder === identity ? 0 : 1),
      },
    };
    await (lease === undefined ? client.create(Leases, next) : client.update(Leases, next));
    return true;
  } catch (e) {
    if (!isConflict(e) && !isAlreadyExists(e)) options.log.debug({ lease: key.name, error: e instanceof Error ? e.message : String(e) }, 'The lease cannot be asked for');
    return false;
  }
}

async function letGo(options: LeaderElectionOptions): Promise<void> {
  try {
    const lease = await options.client.get(Leases, options.lease);
    if (lease.spec?.holderIdentity !== options.identity) return;
    await options.client.update(Leases, { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } });
  } catch {
    // It expires by itself.
  }
}

/** RFC 3339 with microseconds, as MicroTime fields want. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
