import type { KubernetesObject, ObjectKey } from '../client/resource.ts';

/** A watched copy of every object of a kind. Objects are shared: never change one. */
export interface Informer<T extends KubernetesObject> {
  /** Resolves when the first list is in. */
  readonly synced: Promise<void>;
  get(key: ObjectKey): T | undefined;
  /** All objects, or those of one namespace. */
  list(namespace?: string): readonly T[];
  /** Objects under an index value; see {@link addIndex}. */
  byIndex(index: string, value: string): readonly T[];
  /** `values` names the index values of an object. Adding an index twice under one name is an error unless the same function. */
  addIndex(index: string, values: (object: T) => readonly string[]): void;
  /** Called after the copy has changed; `previous` absent for a new object, `current` absent for a deleted one. Returns an unsubscribe function. */
  onChange(call: (change: { readonly previous?: T; readonly current?: T }) => void): () => void;
}
