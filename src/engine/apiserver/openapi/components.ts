import defaultsTable from '../../../kubernetes/data/defaults.json' with { type: 'json' };
import { isList, isObject, type JsonObject, type JsonValue } from '../patch/json.ts';
import { definitions } from '../schema/definitions.ts';
import { describedMetadata, objectMetaName } from './described-metadata.ts';
import { customDefinitionName, type CustomApi } from './served-resource.ts';

const prefix = '#/definitions/';
const target = '#/components/schemas/';
const defaults = (defaultsTable as unknown as { definitions: Record<string, JsonObject | undefined> }).definitions;

/** The definitions with these names and all that they refer to, as OpenAPI v3 components. */
export function components(names: Iterable<string>, custom: readonly CustomApi[]): JsonObject {
  const own = customDefinitions(custom);
  const result: Record<string, JsonValue> = {};
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (Object.hasOwn(result, name)) continue;
    const recorded = own[name] ?? definitions[name] as JsonValue;
    if (recorded === undefined) continue;
    const raw = name === objectMetaName ? describedMetadata(recorded as JsonObject) : recorded;
    result[name] = name.endsWith('.IntOrString') ? { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }
      : name.endsWith('.Quantity') ? { oneOf: [{ type: 'string' }, { type: 'number' }] }
        : withDefaults(name, toV3(raw));
    for (const reference of references(raw)) queue.push(reference);
  }
  return Object.fromEntries(Object.entries(result).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function withDefaults(name: string, schema: JsonValue): JsonValue {
  const own = defaults[name];
  if (!own || !isObject(schema) || !isObject(schema.properties)) return schema;
  const properties = Object.entries(schema.properties).map(([field, p]) => [field, Object.hasOwn(own, field) && isObject(p) ? { default: own[field], ...p } : p]);
  return { ...schema, properties: Object.fromEntries(properties) };
}

/** A reference with anything beside it goes into `allOf`, since v3 ignores what stands beside `$ref`. */
function toV3(raw: JsonValue): JsonValue {
  if (isList(raw)) return raw.map(toV3);
  if (!isObject(raw)) return raw;
  const { $ref, ...rest } = raw;
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, toV3(value)]));
  if (typeof $ref !== 'string') return $ref === undefined ? inner : { ...inner, $ref: toV3($ref) };
  const reference = { $ref: $ref.replace(prefix, target) };
  return { ...inner, allOf: [reference] };
}

function* references(raw: JsonValue): Generator<string> {
  if (isList(raw)) { for (const item of raw) yield* references(item); return; }
  if (!isObject(raw)) return;
  if (typeof raw.$ref === 'string' && raw.$ref.startsWith(prefix)) yield raw.$ref.slice(prefix.length);
  for (const inner of Object.values(raw)) yield* references(inner);
}

const apiVersion = { type: 'string', description: 'APIVersion defines the group and the version that this object is written in, as GROUP/VERSION. The server shows it in any version that it serves.' };
const kind = { type: 'string', description: 'Kind names the sort of object that this is, in CamelCase. It goes with the resource that the object is sent to, and never changes.' };
const objectMeta = { $ref: `${prefix}${objectMetaName}`, description: "Standard object's metadata: name and namespace, labels, annotations, owners, and what the server keeps of it." };
const listMeta = { $ref: `${prefix}io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta`, description: 'The revision that the list was read at, and where its next page starts.' };

/** The schema with what every object has beside it, also in the objects that stand in it. */
function withObjectFields(schema: JsonObject, isWhole: boolean): JsonObject {
  const below = (value: JsonValue): JsonValue => (isObject(value) ? withObjectFields(value, value['x-kubernetes-embedded-resource'] === true) : value);
  const properties = isObject(schema.properties) ? Object.fromEntries(Object.entries(schema.properties).map(([name, child]) => [name, below(child)])) : undefined;
  return {
    ...schema, ...(schema.items !== undefined && { items: below(schema.items) }), ...(schema.additionalProperties !== undefined && { additionalProperties: below(schema.additionalProperties) }),
    ...((isWhole || properties !== undefined) && { properties: { ...properties, ...(isWhole && { apiVersion, kind, metadata: objectMeta }) } }),
  };
}

/** Definitions of custom resources and their lists, references as in v2. */
export function customDefinitions(apis: readonly CustomApi[]): Record<string, JsonValue> {
  const result: Record<string, JsonValue> = {};
  for (const api of apis) {
    const name = customDefinitionName(api);
    const schema = (api.schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }) as unknown as JsonObject;
    result[name] = {
      ...withObjectFields(schema, true), type: 'object',
      'x-kubernetes-group-version-kind': [{ group: api.group, version: api.version, kind: api.kind }],
    };
    result[customDefinitionName(api, api.listKind)] = {
      type: 'object', required: ['items'], description: `${api.listKind} is a list of ${api.kind}`,
      properties: { apiVersion, items: { type: 'array', items: { $ref: `${prefix}${name}` }, description: `The objects of kind ${api.kind}.` }, kind, metadata: listMeta },
      'x-kubernetes-group-version-kind': [{ group: api.group, version: api.version, kind: api.listKind }],
    };
  }
  return result;
}
