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
}

export interface Message { readonly name: string; readonly fields: readonly Field[]; readonly byNumber: ReadonlyMap<number, Field> }

type RawField = readonly [number: string, name: string, wire: string, type: string];
const { kinds, messages } = table as unknown as { kinds: Record<string, string | undefined>; messages: Record<string, readonly RawField[] | undefined> };
/** Go's shape of each field: `*` before a pointer, `?` after what is left out at zero. */
const shapes = shapesTable as unknown as Record<string, Record<string, string | undefined> | undefined>;
const scalars: readonly string[] = ['string', 'int32', 'int64', 'bool', 'float64', 'bytes'] satisfies Scalar[];
const isScalar = (type: string): type is Scalar => scalars.includes(type);

const compiled = new Map<string, Message>();

export function messageNamed(name: string): Message {
  const known = compiled.get(name);
  if (known) return known;
  const fields = (messages[name] ?? []).map((raw) => fieldOf(name, raw));
  const message = { name, fields, byNumber: new Map(fields.map((f) => [f.number, f])) };
  compiled.set(name, message);
  return message;
}

function fieldOf(message: string, [number, name, , type]: RawField): Field {
  const map = /^map<string,(.*)>$/.exec(type);
  const element = map?.[1] ?? type.replace(/^repeated /, '');
  return {
    number: Number(number), name,
    type: isScalar(element) ? element : { message: element },
    shape: map ? 'map' : type.startsWith('repeated ') ? 'repeated' : 'single',
    keepZero: keepsZero(shapes[message]?.[name]),
  };
}

function keepsZero(shape: string | undefined): boolean {
  return shape !== undefined && (shape.startsWith('*') || !shape.endsWith('?'));
}

/** The message of a kind; options and Status are the same in every group. Undefined for kinds without one (custom resources). */
export function messageOf(apiVersion: string, kind: string): Message | undefined {
  const name = kinds[`${apiVersion}/${kind}`] ?? (/^(\w+Options|Status|WatchEvent)$/.test(kind) ? kinds[`v1/${kind}`] : undefined);
  return name === undefined ? undefined : messageNamed(name);
}
