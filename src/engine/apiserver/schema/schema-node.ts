import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';

/** JSON types; `any` takes every JSON value (apiextensions JSON, an untyped part of a custom resource). */
export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'any';

/**
 * The shape of one value, for built-in kinds and custom resources alike. Children are resolved when first read, so that
 * recursive definitions cost nothing until they are walked.
 */
export interface SchemaNode {
  /** Full definition name, such as `io.k8s.api.core.v1.Container`; absent for inline and custom-resource schemas. */
  readonly definition?: string;
  readonly type: SchemaType;
  /** `int32`, `int64`, `date-time`, `byte`, `double`, `int-or-string`, … */
  readonly format?: string;
  /** Absent for objects without declared fields. */
  readonly properties?: ReadonlyMap<string, SchemaNode>;
  readonly items?: SchemaNode;
  /** The values of a map; absent for structs and for objects of unknown content. */
  readonly additionalProperties?: SchemaNode;
  readonly required: readonly string[];
  readonly enum?: readonly unknown[];
  /** Of lists only; absence of a list type means atomic. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys: readonly string[];
  /** Of objects and maps: `atomic` values are owned and replaced as a whole. */
  readonly mapType: 'atomic' | 'granular';
  /** Strategic merge patch: any of `merge`, `replace`, `retainKeys`. */
  readonly patchStrategy: readonly string[];
  readonly patchMergeKey?: string;
  readonly default?: unknown;
  readonly nullable: boolean;
  readonly preserveUnknownFields: boolean;
  readonly intOrString: boolean;
  /** A full object (apiVersion, kind, metadata) inside a custom resource. */
  readonly embeddedResource: boolean;
  /** The custom-resource schema that this was built from, for its value rules; absent for built-in kinds. */
  readonly source?: JSONSchemaProps;
}
