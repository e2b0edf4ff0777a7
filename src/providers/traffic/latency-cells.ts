import type { LatencyCells } from '../../controllers/routing/traffic-provider.ts';

/** Where cells of a decade begin: each at most 15 % wide, at two digits, so that HAProxy's cells fall wholly into one. */
const STEPS = [10, 11, 12, 13, 14, 16, 18, 20, 22, 25, 28, 32, 36, 40, 45, 50, 56, 63, 71, 80, 90, 100] as const;
const SMALLEST = 10;

/** The cell that a latency falls into, by its upper bound. Both in microseconds; whatever is below 10 is in the first cell. */
export function cellOf(microseconds: number): number {
  let scale = 1;
  while (microseconds >= scale * 100) scale *= 10;
  for (const step of STEPS) if (microseconds < step * scale) return step * scale;
  return SMALLEST;
}

/**
 * HAProxy has no logarithm: it counts by the number of digits of the latency and the first two of them.
 * @param counts key `<slot>/<digits>/<first two>`
 */
export function cellsBySlot(counts: Readonly<Record<string, number>>): Map<string, LatencyCells> {
  const slots = new Map<string, Record<number, number>>();
  for (const [key, count] of Object.entries(counts)) {
    const [slot = '', digits, lead] = key.split('/');
    const microseconds = Number(lead) * 10 ** Math.max(0, Number(digits) - 2);
    if (!Number.isFinite(microseconds)) continue;
    const cells = slots.get(slot) ?? {};
    const cell = cellOf(microseconds);
    cells[cell] = (cells[cell] ?? 0) + count;
    slots.set(slot, cells);
  }
  return slots;
}
