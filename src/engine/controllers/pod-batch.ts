/** Runs `one` for each item in batches of 1, 2, 4, …: a creation that fails for a quota or a webhook fails once, not a hundred times.
 *  @returns how many were not tried, and the first error */
export async function inSlowStart<T>(items: readonly T[], one: (item: T) => Promise<void>): Promise<{ readonly skipped: number; readonly error?: unknown }> {
  let at = 0;
  for (let size = 1; at < items.length; size = Math.min(size * 2, 64)) {
    const batch = items.slice(at, at + size);
    at += batch.length;
    const results = await Promise.allSettled(batch.map(one));
    const failed = results.find((r) => r.status === 'rejected');
    if (failed !== undefined) return { skipped: items.length - at, error: failed.reason };
  }
  return { skipped: 0 };
}
