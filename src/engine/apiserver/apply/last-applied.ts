import { isList, isObject, type JsonObject, type JsonValue } from '../patch/json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import type { FieldSet } from './field-set.ts';
import { ownedFields } from './owned-fields.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
/** Bytes that all annotations of one object may take. */
const mostAnnotationBytes = 256 * 1024;

/** What `kubectl apply` (client-side) wrote down of its last run; undefined without it. */
export function lastAppliedAnnotation(object: JsonObject): string | undefined {
  const annotations = isObject(object.metadata) ? object.metadata.annotations : undefined;
  const text = isObject(annotations) ? annotations[annotation] : undefined;
  return typeof text === 'string' ? text : undefined;
}

export function lastAppliedFields(object: JsonObject, schema: SchemaNode | undefined): FieldSet | undefined {
  const text = lastAppliedAnnotation(object);
  if (text === undefined) return undefined;
  try {
    return ownedFields(JSON.parse(text), schema);
  } catch {
    return undefined;
  }
}

/** Keeps the annotation in step with a server-side apply by kubectl; leaves it out where it would be too large. */
export function withLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const metadata = isObject(object.metadata) ? object.metadata : {};
  const { [annotation]: _, ...others } = isObject(metadata.annotations) ? metadata.annotations : {};
  const own = isObject(applied.metadata) ? applied.metadata : {};
  const { [annotation]: _own, ...appliedAnnotations } = isObject(own.annotations) ? own.annotations : {};
  const metadataApplied = { ...own, annotations: Object.keys(appliedAnnotations).length > 0 ? appliedAnnotations : undefined };
  const text = `${JSON.stringify(sorted({ ...applied, metadata: metadataApplied }))}\n`;
  const fits = Buffer.byteLength(JSON.stringify(others)) + Buffer.byteLength(text) <= mostAnnotationBytes;
  return { ...object, metadata: { ...metadata, annotations: fits ? { ...others, [annotation]: text } : others } };
}

/** With keys in order, as kubectl writes the annotation. */
function sorted(value: JsonValue): JsonValue {
  if (isList(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
