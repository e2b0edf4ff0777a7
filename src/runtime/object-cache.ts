import { keyOf, keyString, type KubernetesObject, type ObjectKey } from '../client/resource.ts';

export interface Change<T> {
  readonly previous?: T;
  readonly current?: T;
}

type IndexFunction<T> = (object: T) => readonly string[];

interface Index<T> {
  readonly values: IndexFunction<T>;
  readonly buckets: Map<string, Map<string, T>>;
}

const namespaceIndex = '\0namespace';

/** Objects of one kind by key, by namespace and by named indexes; tells listeners of each change. */
export class ObjectCache<T extends KubernetesObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();

  constructor() {
    this.addIndex(namespaceIndex, (o) => (o.metadata?.namespace === undefined ? [] : [o.metadata.namespace]));
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(keyString(key));
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.byIndex(namespaceIndex, namespace);
  }

  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`No index is named '${name}'; add it with addIndex before it is read`);
    const bucket = index.buckets.get(value);
    return bucket === undefined ? [] : [...bucket.values()];
  }

  addIndex(name: string, values: IndexFunction<T>): void {
    const known = this.#indexes.get(name);
    if (known?.values === values) return;
    if (known !== undefined) throw new Error(`An index '${name}' with another function is there already`);
    const index: Index<T> = { values, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) insert(index, key, object);
  }

  onChange(call: (change: Change<T>) => void): () => void {
    this.#listeners.add(call);
    return () => this.#listeners.delete(call);
  }

  /** Does nothing where the copy is of the same resourceVersion. */
  set(object: T): void {
    const key = keyString(keyOf(object));
    const previous = this.#objects.get(key);
    if (previous !== undefined && previous.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) {
      if (previous !== undefined) remove(index, key, previous);
      insert(index, key, object);
    }
    this.#tell({ previous, current: object });
  }

  /** @param last the object as the deletion showed it; absent where the deletion was missed */
  delete(key: ObjectKey, last?: T): void {
    const text = keyString(key);
    const previous = this.#objects.get(text);
    if (previous === undefined) return;
    this.#objects.delete(text);
    for (const index of this.#indexes.values()) remove(index, text, previous);
    this.#tell({ previous: last ?? previous });
  }

  /** Makes the cache equal to a full list. */
  replace(objects: readonly T[]): void {
    const kept = new Set(objects.map((o) => keyString(keyOf(o))));
    for (const [key, object] of this.#objects) if (!kept.has(key)) this.delete(keyOf(object));
    for (const object of objects) this.set(object);
  }

  #tell(change: Change<T>): void {
    for (const call of this.#listeners) call(change);
  }
}

function insert<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.values(object)) {
    const bucket = index.buckets.get(value);
    if (bucket === undefined) index.buckets.set(value, new Map([[key, object]]));
    else bucket.set(key, object);
  }
}

function remove<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.values(object)) {
    const bucket = index.buckets.get(value);
    bucket?.delete(key);
    if (bucket?.size === 0) index.buckets.delete(value);
  }
}
