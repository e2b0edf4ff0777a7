import { equal, isList, isObject, put, type JsonObject, type JsonValue } from './json.ts';
import { PatchError } from './patch-error.ts';

/** The most operations that one patch may hold, as in Kubernetes. */
export const maxOperations = 10_000;
/** Bytes of JSON that all `copy` operations of one patch may add. */
const maxCopiedBytes = 3 * 1024 * 1024;

type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };

type Container = JsonValue[] | Record<string, JsonValue>;

/**
 * JSON patch (RFC 6902). `object` is not changed; untouched parts are shared with it. Negative list indices count from
 * the end, as in Kubernetes.
 * @throws {PatchError} 400 for a malformed patch, 413 past 10,000 operations, 422 where an operation does not fit
 */
export function jsonPatch(object: JsonObject, patch: unknown): JsonObject {
  const document = new Document(object);
  for (const operation of operationsOf(patch)) document.perform(operation);
  if (!isObject(document.root)) throw new PatchError(422, 'The patched document is no longer a JSON object; patch fields of the object instead of the whole');
  return document.root;
}

function operationsOf(patch: unknown): Operation[] {
  if (!isList(patch)) throw new PatchError(400, 'A JSON patch is an array of operations');
  if (patch.length > maxOperations) throw new PatchError(413, `A JSON patch holds at most ${maxOperations} operations; this one has ${patch.length}`);
  return patch.map(operationOf);
}

function operationOf(raw: JsonValue, index: number): Operation {
  if (!isObject(raw)) throw new PatchError(400, `Operation ${index} of the JSON patch is not an object`);
  const { op, path, from } = raw;
  if (typeof op !== 'string' || !['add', 'replace', 'test', 'remove', 'move', 'copy'].includes(op)) {
    throw new PatchError(422, `Operation ${index} of the JSON patch has op ${JSON.stringify(op)}; use add, replace, test, remove, move or copy`);
  }
  if (typeof path !== 'string') throw new PatchError(422, `Operation ${index} (${op}) of the JSON patch needs a path`);
  switch (op) {
    case 'remove': return { op, path };
    case 'move': case 'copy':
      if (typeof from !== 'string') throw new PatchError(422, `Operation ${index} (${op}) of the JSON patch needs from`);
      return { op, path, from };
    default:
      if (!Object.hasOwn(raw, 'value') && op !== 'test') throw new PatchError(422, `Operation ${index} (${op}) of the JSON patch needs a value`);
      return { op: op as 'add' | 'replace' | 'test', path, value: raw.value ?? null };
  }
}

/** One document under change: a container is copied the first time that an operation writes into it. */
class Document {
  root: JsonValue;
  readonly #owned = new WeakSet<Container>();
  #copiedBytes = 0;

  constructor(root: JsonValue) {
    this.root = root;
  }

  perform(operation: Operation): void {
    switch (operation.op) {
      case 'add': this.#add(operation.path, operation.value); break;
      case 'replace': this.#replace(operation.path, operation.value); break;
      case 'remove': this.#remove(operation.path); break;
      case 'test': this.#test(operation.path, operation.value); break;
      case 'move': {
        if (operation.path.startsWith(`${operation.from}/`)) throw unfit('move', operation.path, 'a value cannot move into itself');
        const value = this.#read(operation.from, 'move');
        this.#remove(operation.from);
        this.#add(operation.path, value);
        break;
      }
      case 'copy': {
        const value = this.#read(operation.from, 'copy');
        this.#copiedBytes += JSON.stringify(value)?.length ?? 0;
        if (this.#copiedBytes > maxCopiedBytes) throw new PatchError(413, `The copy operations of this JSON patch add more than ${maxCopiedBytes} bytes`);
        this.#disown(value);
        this.#add(operation.path, value);
        break;
      }
    }
  }

  #add(path: string, value: JsonValue): void {
    const tokens = parse(path);
    const last = tokens.pop();
    if (last === undefined) { this.root = value; return; }
    const parent = this.#writable(tokens, 'add', path);
    if (!isList(parent)) put(parent, last, value);
    else if (last === '-') parent.push(value);
    else parent.splice(indexIn(last, parent.length + 1, 'add', path), 0, value);
  }

  #replace(path: string, value: JsonValue): void {
    const tokens = parse(path);
    const last = tokens.pop();
    if (last === undefined) { this.root = value; return; }
    const parent = this.#writable(tokens, 'replace', path);
    if (isList(parent)) parent[indexIn(last, parent.length, 'replace', path)] = value;
    // Kubernetes takes a replacement of an absent field for an addition.
    else put(parent, last, value);
  }

  #remove(path: string): void {
    const tokens = parse(path);
    const last = tokens.pop();
    if (last === undefined) throw unfit('remove', path, 'the whole document cannot be removed');
    const parent = this.#writable(tokens, 'remove', path);
    if (isList(parent)) parent.splice(indexIn(last, parent.length, 'remove', path), 1);
    else if (Object.hasOwn(parent, last)) delete parent[last];
    else throw unfit('remove', path, 'there is no value to remove');
  }

  #test(path: string, expected: JsonValue): void {
    const tokens = parse(path);
    const last = tokens.at(-1);
    let actual: JsonValue = this.root;
    for (const token of tokens) {
      if (token === last && isObject(actual) && !Object.hasOwn(actual, token)) { actual = null; break; }
      actual = child(actual, token, 'test', path);
    }
    if (!equal(actual, expected)) throw unfit('test', path, 'the value there is another one');
  }

  #read(path: string, op: string): JsonValue {
    return parse(path).reduce<JsonValue>((value, token) => child(value, token, op, path), this.root);
  }

  #writable(tokens: readonly string[], op: string, path: string): Container {
    let here = this.#own(this.root, op, path);
    this.root = here;
    for (const token of tokens) {
      const next: Container = this.#own(child(here, token, op, path), op, path);
      if (isList(here)) here[indexIn(token, here.length, op, path)] = next;
      else put(here, token, next);
      here = next;
    }
    return here;
  }

  #own(value: JsonValue, op: string, path: string): Container {
    if (!isList(value) && !isObject(value)) throw unfit(op, path, 'its parent is no object or array');
    if (this.#owned.has(value as Container)) return value as Container;
    const copy: Container = isList(value) ? [...value] : { ...value };
    this.#owned.add(copy);
    return copy;
  }

  /** A copied value stands in two places, so neither place may write into it without copying first. */
  #disown(value: JsonValue): void {
    if (!isList(value) && !isObject(value)) return;
    this.#owned.delete(value as Container);
    for (const inner of Object.values(value)) this.#disown(inner as JsonValue);
  }
}

function child(value: JsonValue, token: string, op: string, path: string): JsonValue {
  if (isList(value)) return value[indexIn(token, value.length, op, path)];
  if (isObject(value) && Object.hasOwn(value, token)) return value[token];
  throw unfit(op, path, `there is no ${JSON.stringify(token)}`);
}

/** @param size how many positions exist; an index is 0 to size - 1, or -size to -1 */
function indexIn(token: string, size: number, op: string, path: string): number {
  const index = /^-?(0|[1-9]\d*)$/.test(token) ? Number(token) : Number.NaN;
  const positive = index < 0 ? index + size : index;
  if (!(positive >= 0 && positive < size)) throw unfit(op, path, `${JSON.stringify(token)} is no index of a list of ${op === 'add' ? size - 1 : size}`);
  return positive;
}

function parse(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw new PatchError(422, `A JSON pointer starts with a slash; ${JSON.stringify(pointer)} does not`);
  return pointer.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function unfit(op: string, path: string, why: string): PatchError {
  return new PatchError(422, `Cannot ${op} ${path === '' ? 'the whole document' : path}: ${why}`);
}
