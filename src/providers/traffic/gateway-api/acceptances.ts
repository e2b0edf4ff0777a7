interface Acceptance {
  readonly generation: number | undefined;
  /** Absent: not yet. */
  readonly at?: number;
}

/** When each Gateway was first seen to have accepted a generation of a route. Losing it costs nothing: what is accepted already counts from its change. */
export class Acceptances {
  /** By route, then by Gateway. */
  readonly #seen = new Map<string, Map<string, Acceptance>>();

  /** Undefined: not accepted. Times are milliseconds since the epoch. */
  note(route: string, gateway: string, now: { readonly generation: number | undefined; readonly accepted: boolean; readonly changedAt: number; readonly time: number }): number | undefined {
    const ofRoute = this.#seen.get(route) ?? new Map<string, Acceptance>();
    this.#seen.set(route, ofRoute);
    const { generation, accepted, changedAt, time } = now;
    const before = ofRoute.get(gateway);
    const known = before?.generation === generation ? before : undefined;
    // Accepted before anybody looked: it cannot have been before the change.
    const at = accepted ? (known === undefined ? changedAt : (known.at ?? time)) : undefined;
    ofRoute.set(gateway, { generation, ...(at === undefined ? {} : { at }) });
    return at;
  }

  forget(route: string): void {
    this.#seen.delete(route);
  }
}
