import table from '../../../kubernetes/data/schema.json' with { type: 'json' };
import { listKeyDefaults } from './list-key-defaults.ts';
import type { SchemaNode, SchemaType } from './schema-node.ts';

/** A schema as Kubernetes publishes it in OpenAPI v2. */
export interface RawSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, RawSchema>>;
  readonly items?: RawSchema;
  readonly additionalProperties?: RawSchema | boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

export interface GroupVersionKind { readonly group: string; readonly version: string; readonly kind: string }

/** The recorded OpenAPI definitions by full name. */
export const definitions: Readonly<Record<string, RawSchema>> = (table as unknown as { definitions: Record<string, RawSchema> }).definitions;

const refPrefix = '#/definitions/';
const resolved = new Map<string, SchemaNode>();

/** The node of a definition by its full name, such as `io.k8s.api.core.v1.Pod`. */
export function definitionNode(name: string): SchemaNode | undefined {
  const known = resolved.get(name);
  if (known) return known;
  const raw = definitions[name];
  if (!raw) return undefined;
  const node = new DefinitionNode(raw, name);
  resolved.set(name, node);
  return node;
}

const atomicRef = ['x-kubernetes-map-type', 'x-kubernetes-patch-strategy', 'default'] as const;

function nodeOf(raw: RawSchema, fallback?: unknown): SchemaNode {
  if (raw.$ref === undefined) return new DefinitionNode(fallback === undefined ? raw : { ...raw, default: fallback });
  const name = raw.$ref.slice(refPrefix.length);
  if (!atomicRef.some((key) => raw[key] !== undefined)) return definitionNode(name) ?? new DefinitionNode({});
  const { $ref: _ref, ...own } = raw;
  return new DefinitionNode({ ...definitions[name], ...own }, name);
}

function typeOf(raw: RawSchema): SchemaType {
  switch (raw.type) {
    case 'object': case 'array': case 'string': case 'integer': case 'number': case 'boolean': return raw.type;
    default: return 'any';
  }
}

class DefinitionNode implements SchemaNode {
  readonly definition: string | undefined;
  readonly type: SchemaType;
  readonly format: string | undefined;
  readonly required: readonly string[];
  readonly enum: readonly unknown[] | undefined;
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: 'atomic' | 'granular';
  readonly patchStrategy: readonly string[];
  readonly patchMergeKey: string | undefined;
  readonly default: unknown;
  readonly nullable = false;
  readonly preserveUnknownFields: boolean;
  readonly intOrString: boolean;
  readonly embeddedResource = false;
  readonly source = undefined;
  readonly #raw: RawSchema;
  #properties: ReadonlyMap<string, SchemaNode> | undefined;
  #items: SchemaNode | undefined;
  #additional: SchemaNode | undefined;

  constructor(raw: RawSchema, definition?: string) {
    this.#raw = raw;
    this.definition = definition;
    this.type = typeOf(raw);
    this.format = raw.format;
    this.required = raw.required ?? [];
    this.enum = raw.enum;
    const listType = raw['x-kubernetes-list-type'];
    this.listType = listType === 'set' || listType === 'map' || listType === 'atomic' ? listType : undefined;
    this.listMapKeys = raw['x-kubernetes-list-map-keys'] ?? [];
    this.mapType = raw['x-kubernetes-map-type'] === 'atomic' || definition?.endsWith('.RawExtension') ? 'atomic' : 'granular';
    this.patchStrategy = raw['x-kubernetes-patch-strategy']?.split(',') ?? [];
    this.patchMergeKey = raw['x-kubernetes-patch-merge-key'];
    this.default = raw.default;
    this.preserveUnknownFields = this.type === 'any' || (this.type === 'object' && !raw.properties && !raw.additionalProperties
      && !definition?.endsWith('.CustomResourceSubresourceStatus'));
    this.intOrString = raw.format === 'int-or-string';
  }

  get properties(): ReadonlyMap<string, SchemaNode> | undefined {
    if (!this.#properties && this.#raw.properties) {
      const defaults = this.definition === undefined ? undefined : listKeyDefaults.get(this.definition);
      this.#properties = new Map(Object.entries(this.#raw.properties).map(([name, p]) => [name, nodeOf(p, defaults?.[name])]));
    }
    return this.#properties;
  }

  get items(): SchemaNode | undefined {
    if (!this.#items && this.#raw.items) this.#items = nodeOf(this.#raw.items);
    return this.#items;
  }

  get additionalProperties(): SchemaNode | undefined {
    const raw = this.#raw.additionalProperties;
    if (!this.#additional && typeof raw === 'object') this.#additional = nodeOf(raw);
    return this.#additional;
  }
}
