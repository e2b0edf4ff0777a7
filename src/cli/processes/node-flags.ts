/** How Node.js runs a part of the cluster. V8 lets the young generation grow to 16 MB a half, three times over, and keeps it: a server whose
 *  objects die young or stay for good pays that in memory and gains nothing (`npm run bench`). */
export const PART_NODE_FLAGS: readonly string[] = ['--max-semi-space-size=4'];

/** @param program Node.js, its script, and more arguments */
export function withPartFlags([node, ...rest]: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return [node, ...PART_NODE_FLAGS, ...rest];
}
