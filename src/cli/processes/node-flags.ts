import { setFlagsFromString } from 'node:v8';

/** How Node.js runs a part of the cluster. V8 lets the young generation grow to 16 MB a half, three times over, and keeps it: a server whose
 *  objects die young or stay for good pays that in memory and gains nothing (`npm run bench`). */
export const PART_NODE_FLAGS: readonly string[] = ['--max-semi-space-size=4'];

/** @param program Node.js, its script, and more arguments */
export function withPartFlags([node, ...rest]: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return [node, ...PART_NODE_FLAGS, ...rest];
}

/** Half of V8's heap may be garbage before it collects, not three quarters, and freed pages are rarely given back: controllers hold copies of what
 *  they watch, and after a busy time they would keep several times that for good. Costs a tenth of the processor time of a process that does nothing
 *  but replace objects. For processes that run controllers alone; API servers answer more for the memory. */
export function limitHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
