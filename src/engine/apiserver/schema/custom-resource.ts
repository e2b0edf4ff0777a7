import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';
import { definitionNode } from './definitions.ts';
import type { SchemaNode, SchemaType } from './schema-node.ts';

/**
 * The schema of a custom resource from one version's `openAPIV3Schema`. `apiVersion`, `kind` and `metadata` are those of
 * every object whether declared or not. Without a schema, or with `x-kubernetes-preserve-unknown-fields`, unknown fields stay.
 */
export function schemaFromCustomResource(openAPIV3Schema: JSONSchemaProps | undefined, preserveUnknownFields = false): SchemaNode {
  const source = openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return new CustomNode(preserveUnknownFields ? { ...source, 'x-kubernetes-preserve-unknown-fields': true } : source, true);
}

const types: readonly string[] = ['object', 'array', 'string', 'integer', 'number', 'boolean'] satisfies SchemaType[];
const isType = (text: string): text is SchemaType => types.includes(text);
const string: JSONSchemaProps = { type: 'string' };

class CustomNode implements SchemaNode {
  readonly definition = undefined;
  readonly type: SchemaType;
  readonly format: string | undefined;
  readonly required: readonly string[];
  readonly enum: readonly unknown[] | undefined;
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: 'atomic' | 'granular';
  readonly patchStrategy: readonly string[] = [];
  readonly patchMergeKey = undefined;
  readonly default: unknown;
  readonly nullable: boolean;
  readonly preserveUnknownFields: boolean;
  readonly intOrString: boolean;
  readonly embeddedResource: boolean;
  readonly source: JSONSchemaProps;
  #properties: ReadonlyMap<string, SchemaNode> | undefined;
  #items: SchemaNode | undefined;
  #additional: SchemaNode | undefined;

  constructor(source: JSONSchemaProps, embeddedResource = source['x-kubernetes-embedded-resource'] === true) {
    this.source = source;
    this.intOrString = source['x-kubernetes-int-or-string'] === true;
    this.type = !this.intOrString && source.type !== undefined && isType(source.type) ? source.type : 'any';
    this.format = this.intOrString ? 'int-or-string' : source.format;
    this.required = source.required ?? [];
    this.enum = source.enum;
    const listType = source['x-kubernetes-list-type'];
    this.listType = listType === 'set' || listType === 'map' || listType === 'atomic' ? listType : undefined;
    this.listMapKeys = source['x-kubernetes-list-map-keys'] ?? [];
    this.mapType = source['x-kubernetes-map-type'] === 'atomic' ? 'atomic' : 'granular';
    this.default = source.default;
    this.nullable = source.nullable === true;
    this.preserveUnknownFields = source['x-kubernetes-preserve-unknown-fields'] === true;
    this.embeddedResource = embeddedResource;
  }

  get properties(): ReadonlyMap<string, SchemaNode> | undefined {
    if (this.#properties) return this.#properties;
    const { properties } = this.source;
    if (!properties && !this.embeddedResource) return undefined;
    const result = new Map<string, SchemaNode>();
    if (this.embeddedResource) for (const name of ['apiVersion', 'kind']) result.set(name, new CustomNode(string));
    for (const [name, p] of Object.entries(properties ?? {})) result.set(name, new CustomNode(p));
    if (this.embeddedResource) {
      const metadata = definitionNode('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
      if (metadata) result.set('metadata', metadata);
    }
    this.#properties = result;
    return result;
  }

  get items(): SchemaNode | undefined {
    const source = this.source.items as JSONSchemaProps | undefined;
    if (!this.#items && source) this.#items = new CustomNode(source);
    return this.#items;
  }

  get additionalProperties(): SchemaNode | undefined {
    const source = this.source.additionalProperties as JSONSchemaProps | boolean | undefined;
    if (!this.#additional && source) this.#additional = new CustomNode(source === true ? { 'x-kubernetes-preserve-unknown-fields': true } : source);
    return this.#additional;
  }
}
