/** Files of a commit: ids by path. */
export type Listing = ReadonlyMap<string, string>;

/**
 * Three-way by whole files: who alone changed a file has it, and what both changed is as the others have it, since they say what they
 * want and our own side writes its state again. Text merges would mix two states of a cluster into one that nobody wanted.
 */
export function mergeFiles(base: Listing, ours: Listing, theirs: Listing): Map<string, string> {
  const merged = new Map<string, string>();
  for (const path of new Set([...ours.keys(), ...theirs.keys()])) {
    const before = base.get(path), here = ours.get(path), there = theirs.get(path);
    const id = there === before ? here : there;
    if (id !== undefined) merged.set(path, id);
  }
  return merged;
}
