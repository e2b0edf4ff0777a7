import { createHash } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import type { ProxyRule, Target } from './proxy-rules.ts';

/** A target that refused is passed over this long while others are there. */
const REFUSED_MS = 1_000;
const REMEMBERED = 10_000;

export const targetName = (t: Target): string => `${t.address}:${t.port}`;

/** Who gets the next connection of one rule: each in turn, or with session affinity the one that the client had before. */
export class TargetChoice {
  readonly #clock: Clock;
  readonly #refusedUntil = new Map<string, number>();
  readonly #sticky = new Map<string, { readonly target: string; readonly until: number }>();
  #rule: ProxyRule;
  #turn = 0;

  constructor(rule: ProxyRule, clock: Clock) {
    this.#rule = rule;
    this.#clock = clock;
  }

  update(rule: ProxyRule): void {
    this.#rule = rule;
    const known = new Set(rule.targets.map(targetName));
    for (const key of this.#refusedUntil.keys()) if (!known.has(key)) this.#refusedUntil.delete(key);
    for (const [key, value] of this.#sticky) if (!known.has(value.target)) this.#sticky.delete(key);
  }

  /** All targets in the order to try. @param client its address */
  candidates(client: string): Target[] {
    const now = this.#clock.now();
    const { targets, affinityMs } = this.#rule;
    const order = affinityMs === undefined ? inTurn(targets, this.#turn++) : this.#stickyOrder(client, now);
    const rank = (t: Target): number => ((this.#refusedUntil.get(targetName(t)) ?? 0) > now ? 1 : 0);
    return this.#refusedUntil.size > 0 ? order.toSorted((a, b) => rank(a) - rank(b)) : order;
  }

  served(client: string, target: Target): void {
    this.#refusedUntil.delete(targetName(target));
    const { affinityMs } = this.#rule;
    if (affinityMs === undefined) return;
    const now = this.#clock.now();
    if (this.#sticky.size > REMEMBERED) for (const [key, value] of this.#sticky) if (value.until <= now) this.#sticky.delete(key);
    this.#sticky.set(client, { target: targetName(target), until: now + affinityMs });
  }

  refused(target: Target): void {
    this.#refusedUntil.set(targetName(target), this.#clock.now() + REFUSED_MS);
  }

  /** Whom the client had, then by a hash of both (rendezvous): network processes that share a port choose the same without talking. */
  #stickyOrder(client: string, now: number): Target[] {
    const kept = this.#sticky.get(client);
    const weight = new Map(this.#rule.targets.map((t) => [t, kept !== undefined && kept.until > now && kept.target === targetName(t) ? 'kept' : createHash('sha256').update(`${client} ${targetName(t)}`).digest('hex')]));
    return this.#rule.targets.toSorted((a, b) => (weight.get(a)! < weight.get(b)! ? 1 : -1));
  }
}

function inTurn(targets: readonly Target[], turn: number): Target[] {
  const at = targets.length === 0 ? 0 : turn % targets.length;
  return [...targets.slice(at), ...targets.slice(0, at)];
}
