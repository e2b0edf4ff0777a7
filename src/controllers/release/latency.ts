/** Answers by latency: the upper bound of a cell in microseconds → how many. */
export type LatencyCells = Readonly<Record<number, number>>;

/** What was added to `now` since `before`. A cell that counts less than before is of a router that began anew. */
export function cellsSince(now: LatencyCells, before: LatencyCells): LatencyCells {
  return Object.fromEntries(Object.entries(now).flatMap(([bound, count]) => {
    const added = count - (before[Number(bound)] ?? 0);
    return added > 0 ? [[bound, added]] : [];
  }));
}

/** The latency that `share` (0 to 1) of the answers do not exceed, in seconds: at most 15 % above the true one. Undefined: no answers. */
export function quantileSeconds(cells: LatencyCells, share: number): number | undefined {
  const sorted = Object.entries(cells).map(([bound, count]) => ({ bound: Number(bound), count })).sort((a, b) => a.bound - b.bound);
  const total = sorted.reduce((sum, c) => sum + c.count, 0);
  let seen = 0;
  for (const { bound, count } of sorted) {
    seen += count;
    if (seen >= total * share) return bound / 1e6;
  }
  return undefined;
}

/** `bound:count,…`, as a status keeps it. */
export function encodeCells(cells: LatencyCells): string {
  return Object.entries(cells).map(([bound, count]) => `${bound}:${count}`).join(',');
}

export function decodeCells(text: string): LatencyCells {
  return Object.fromEntries(text.split(',').filter(Boolean).map((entry) => entry.split(':').map(Number)));
}
