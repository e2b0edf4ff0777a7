import type { KubernetesObject } from '../../client/resource.ts';

/** How many parsed objects stay in memory, the last written or read; a parsed one takes five times its JSON. The others are parsed again when asked for. */
const parsedLimit = 1024;
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
    this.#object = object;
  }

  get object(): KubernetesObject {
    if (this.#object === undefined) {
      this.#object = JSON.parse(this.json.toString()) as KubernetesObject;
      this.keep();
    }
    return this.#object;
  }

  /** Lets go of the parsed object, which is parsed again when asked for. */
  release(): void {
    this.#object = undefined;
  }

  /** Keeps the parsed object until {@link parsedLimit} others were kept. */
  keep(): void {
    const evicted = parsed[nextSlot];
    if (evicted !== undefined && evicted !== this) evicted.#object = undefined;
    parsed[nextSlot] = this;
    nextSlot = (nextSlot + 1) % parsedLimit;
  }
}

/** An object's JSON in memory of its own. Buffers of Node's pool share slabs of 8 kB, of which objects of 3 kB leave a third unused and which one of them keeps alive. */
export function jsonOf(object: KubernetesObject): Buffer {
  const text = JSON.stringify(object);
  const json = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  json.write(text);
  return json;
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
