import table from '../../../kubernetes/data/protobuf.json' with { type: 'json' };
import shapesTable from '../../../kubernetes/data/shapes.json' with { type: 'json' };

export type Scalar = 'string' | 'int32' | 'int64' | 'bool' | 'float64' | 'bytes';

export interface Field {
  readonly number: number;
  /** JSON name; '' for a message whose fields stand in the object that holds it. */
  readonly name: string;
  readonly type: Scalar | { readonly message: string };
  readonly shape: 'single' | 'repeated' | 'map';
  /** A zero value counts: the field is optional, or always shown. */
  readonly keepZero: boolean;
  /** Stands in every message, at its zero where nothing is set. */
  readonly always: boolean;
}

export interface Message { readonly name: string; readonly fields: readonly Field[]; readonly byNumber: ReadonlyMap<number, Field> }

type RawField = readonly [number: string, name: string, wire: string, type: string];
const { kinds, messages } = table as unknown as { kinds: Record<string, string | undefined>; messages: Record<string, readonly RawField[] | undefined> };
/** Go's shape of each field: `*` before a pointer, `?` after what is left out at zero. */
type Shape = Readonly<Record<string, string | undefined>>;
const shapes = shapesTable as unknown as Record<string, Shape | undefined>;
/** Fields that are pointers, of messages whose Go types are not recorded. */
const pointers: Readonly<Record<string, Readonly<Record<string, string>>>> = { 'meta.v1.ListMeta': { remainingItemCount: '*int64?' }, 'meta.v1.Status': { details: '*#meta.v1.StatusDetails?' } };
/** Messages that wrap the metadata of any kind. */
const metadataMessages: Readonly<Record<string, readonly RawField[]>> = {
  'meta.v1.PartialObjectMetadata': [['1', 'metadata', 'bytes', 'meta.v1.ObjectMeta']],
  'meta.v1.PartialObjectMetadataList': [['1', 'metadata', 'bytes', 'meta.v1.ListMeta'], ['2', 'items', 'bytes', 'repeated meta.v1.PartialObjectMetadata']],
};
const scalars: readonly string[] = ['string', 'int32', 'int64', 'bool', 'float64', 'bytes'] satisfies Scalar[];
const isScalar = (type: string): type is Scalar => scalars.includes(type);

const compiled = new Map<string, Message>();

export function messageNamed(name: string): Message {
  const known = compiled.get(name);
  if (known) return known;
  const message = compile(name, shapes[name] ?? pointers[name]);
  compiled.set(name, message);
  return message;
}

/** @param shape absent where Go's type is not recorded: no field is optional then */
function compile(name: string, shape: Shape | undefined): Message {
  const fields = (messages[name] ?? metadataMessages[name] ?? []).map((raw) => fieldOf(raw, shape)).sort((a, b) => a.number - b.number);
  return { name, fields, byNumber: new Map(fields.map((f) => [f.number, f])) };
}

const inlined = new Map<string, Message>();

/** The message of a field without a name: its fields are recorded with those of the message that holds it. */
export function inlineMessage(holder: string, name: string): Message {
  const key = `${holder} ${name}`;
  let message = inlined.get(key);
  if (message === undefined) inlined.set(key, message = compile(name, shapes[name] ?? shapes[holder]));
  return message;
}

function fieldOf([number, name, , type]: RawField, shapeOf: Shape | undefined): Field {
  const map = /^map<string,(.*)>$/.exec(type);
  const element = map?.[1] ?? type.replace(/^repeated /, '');
  const shape = map ? 'map' : type.startsWith('repeated ') ? 'repeated' : 'single';
  return {
    number: Number(number), name, shape,
    type: isScalar(element) ? element : { message: element },
    keepZero: keepsZero(shapeOf?.[name]),
    always: shape === 'single' && element !== 'bytes' && shapeOf?.[name]?.startsWith('*') !== true,
  };
}

function keepsZero(shape: string | undefined): boolean {
  return shape !== undefined && (shape.startsWith('*') || !shape.endsWith('?'));
}

/** The message of a kind; options and Status are the same in every group. Undefined for kinds without one (custom resources). */
export function messageOf(apiVersion: string, kind: string): Message | undefined {
  if (apiVersion === 'meta.k8s.io/v1' && Object.hasOwn(metadataMessages, `meta.v1.${kind}`)) return messageNamed(`meta.v1.${kind}`);
  const name = kinds[`${apiVersion}/${kind}`] ?? (/^(\w+Options|Status|WatchEvent)$/.test(kind) ? kinds[`v1/${kind}`] : undefined);
  return name === undefined ? undefined : messageNamed(name);
}
