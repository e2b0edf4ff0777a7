import type { KubernetesObject } from '../../../client/resource.ts';
import type { StoredRecord } from '../../store/record.ts';
import type { Strategy } from '../kinds/strategy.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { CustomResource } from '../custom-resources/custom-resource.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

export interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

/** One resource as one version of a group serves it: `pods` in `v1`, `widgets` in `example.com/v1beta1`. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: ReadonlyMap<string, Subresource>;
  readonly columns: readonly Column[];
  /** Name of the collection; versions of one resource share it. Absent: nothing is stored (reviews, bindings). */
  readonly storage: string;
  readonly strategy: Strategy;
  /** Absent where there is none (custom resources without a schema). */
  readonly schema: () => SchemaNode | undefined;
  /** Absent for built-in kinds. */
  readonly custom?: CustomResource;
  /** Answers every request for it: nothing is stored. Absent for all that is. */
  readonly computed?: (request: ApiRequest) => Promise<void>;
  /** Between this version and the stored one; absent where they are the same. */
  readonly conversion?: Conversion;
}

export interface Conversion {
  toStored(object: KubernetesObject): KubernetesObject;
  /** @throws {StatusError} 503 for an object that has to be prepared before */
  fromStored(object: KubernetesObject): KubernetesObject;
  /** Where converting takes a call: makes {@link fromStored} able to answer for these objects. Absent where it always is. */
  prepare?(objects: readonly KubernetesObject[]): Promise<void>;
}

/** The object as this version shows it. */
export function shown(resource: ServedResource, record: StoredRecord): KubernetesObject {
  return resource.conversion === undefined ? record.object : resource.conversion.fromStored(record.object);
}

/** The object's JSON as this version shows it, without work where that is the stored form. */
export function shownJson(resource: ServedResource, record: StoredRecord): Buffer {
  if (resource.conversion === undefined) return record.json;
  const seen = resource.conversion.fromStored(record.object);
  return seen === record.object ? record.json : Buffer.from(JSON.stringify(seen));
}

export function groupVersionOf(resource: { readonly group: string; readonly version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
