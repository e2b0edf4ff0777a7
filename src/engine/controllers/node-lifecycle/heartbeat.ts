import type { Lease, Node } from '../../../kubernetes/types.generated.ts';

export const graceMs = 40_000;
const confirmMs = 5_000;

export type Pulse = { readonly type: 'alive'; readonly lookAgainInMs: number } | { readonly type: 'suspect'; readonly lookAgainInMs: number } | { readonly type: 'lost' };

interface Heard {
  beat: string;
  atMs: number;
  suspectSinceMs: number | undefined;
}

/** When each node was last heard of, by our own clock: a node's clock may differ. */
export class Heartbeats {
  readonly #heard = new Map<string, Heard>();

  /** A node is lost only when silent at two looks, since a machine that slept finds every deadline passed at once. */
  look(name: string, beat: string, nowMs: number): Pulse {
    const heard = this.#heard.get(name);
    if (heard === undefined || heard.beat !== beat) {
      this.#heard.set(name, { beat, atMs: nowMs, suspectSinceMs: undefined });
      return { type: 'alive', lookAgainInMs: graceMs };
    }
    const leftMs = heard.atMs + graceMs - nowMs;
    if (leftMs > 0) return { type: 'alive', lookAgainInMs: leftMs };
    heard.suspectSinceMs ??= nowMs;
    const unsureMs = heard.suspectSinceMs + confirmMs - nowMs;
    return unsureMs > 0 ? { type: 'suspect', lookAgainInMs: unsureMs } : { type: 'lost' };
  }

  forget(name: string): void {
    this.#heard.delete(name);
  }
}

/** Changes whenever the node says that it lives: by its Lease or by its status. */
export function beatOf(node: Node, lease: Lease | undefined): string {
  const ready = node.status?.conditions?.find((c) => c.type === 'Ready');
  return `${lease?.spec?.renewTime ?? ''} ${ready?.lastHeartbeatTime ?? ''}`;
}
