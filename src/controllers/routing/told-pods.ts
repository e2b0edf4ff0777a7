import type { ObservedPod } from './observe.ts';
import type { Told, Traffic } from './traffic-provider.ts';

/** A router is asked again after this time even when nothing seems to have changed. */
const TRUSTED_MS = 30_000;

interface Entry {
  readonly traffic: string;
  readonly process: string;
  readonly told: Told;
  readonly at: number;
}

/**
 * What each router pod was last read back to do. A pod that is ready, in the same process and wanted to do the same need not be asked
 * for every event of a rollout. It is a shortcut only: losing it costs one more read.
 */
export class ToldPods {
  readonly #entries = new Map<string, Entry>();

  /** Undefined: the pod has to be told. */
  recall(pod: ObservedPod, traffic: string, now: number): Told | undefined {
    const entry = this.#entries.get(pod.uid);
    if (entry === undefined || entry.traffic !== traffic || entry.process !== processOf(pod) || now - entry.at > TRUSTED_MS || !isReady(pod)) return undefined;
    return { ...entry.told, changed: false };
  }

  remember(pod: ObservedPod, traffic: string, told: Told, now: number): void {
    this.#entries.set(pod.uid, { traffic, process: processOf(pod), told, at: now });
  }

  forget(pod: ObservedPod): void {
    this.#entries.delete(pod.uid);
  }

  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#entries.keys()) if (!uids.has(uid)) this.#entries.delete(uid);
  }
}

export const textOf = (traffic: Traffic): string => JSON.stringify(traffic);

/** Changes when a container starts again. */
const processOf = ({ pod, address }: ObservedPod): string =>
  [address, ...(pod.status?.containerStatuses ?? []).map((c) => `${c.containerID ?? ''}/${c.restartCount}/${c.state?.running?.startedAt ?? ''}`)].join(' ');
const isReady = ({ pod }: ObservedPod): boolean => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
