import type { KubernetesObject } from '../../client/resource.ts';

/** How many parsed objects stay in memory; the others are parsed again from their JSON when asked for. */
const parsedLimit = 8192;
const parsed: (StoredRecord | undefined)[] = Array.from({ length: parsedLimit });
let nextSlot = 0;

/** One version of one object. Its object is shared and immutable; its JSON is what went to disk and goes to clients. */
export class StoredRecord {
  readonly key: string;
  readonly revision: number;
  readonly json: Buffer;
  #object: KubernetesObject | undefined;

  constructor(key: string, revision: number, json: Buffer, object?: KubernetesObject) {
    this.key = key;
    this.revision = revision;
    this.json = json;
    if (object !== undefined) this.#keep(object);
  }

  get object(): KubernetesObject {
    if (this.#object === undefined) this.#keep(JSON.parse(this.json.toString()) as KubernetesObject);
    return this.#object as KubernetesObject;
  }

  #keep(object: KubernetesObject): void {
    this.#object = object;
    const evicted = parsed[nextSlot];
    if (evicted !== undefined && evicted !== this) evicted.#object = undefined;
    parsed[nextSlot] = this;
    nextSlot = (nextSlot + 1) % parsedLimit;
  }
}

/** A change in the order of revisions. `previous` absent: created; `current` absent: deleted, and `record` is the last state under the deletion's revision. */
export interface StoreEvent {
  readonly revision: number;
  readonly key: string;
  readonly record: StoredRecord;
  readonly current?: StoredRecord;
  readonly previous?: StoredRecord;
  readonly atMs: number;
}
