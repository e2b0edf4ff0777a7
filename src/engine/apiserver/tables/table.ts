import type { KubernetesObject } from '../../../client/resource.ts';
import type { StoredRecord } from '../../store/record.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { shown, type Column } from '../resources/served-resource.ts';
import { customRow } from './custom-row.ts';
import { rowFunctionFor } from './rows.ts';

export type Cell = string | number | boolean | null;

export interface Table {
  kind: 'Table';
  apiVersion: 'meta.k8s.io/v1';
  metadata: Record<string, unknown>;
  columnDefinitions: { name: string; type: string; format: string; description: string; priority: number }[];
  rows: { cells: Cell[]; object?: unknown }[];
}

const nameAndAge: readonly Column[] = [{ name: 'Name', type: 'string', format: 'name' }, { name: 'Age', type: 'string' }];

/** The objects as kubectl prints them. @param metadata of the list */
export function tableOf(request: ApiRequest, records: readonly StoredRecord[], metadata: Record<string, unknown>, withColumns = true): Table {
  const { resource, query } = request;
  const include = query.get('includeObject') ?? 'Metadata';
  const columns = resource.columns.length > 0 ? resource.columns : nameAndAge;
  const nowMs = request.api.clock.now();
  const row = resource.custom === undefined ? rowFunctionFor(resource) : customRow(resource.custom);
  return {
    kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata,
    columnDefinitions: withColumns ? columns.map((c) => ({ name: c.name, type: c.type, format: c.format ?? '', description: c.description ?? '', priority: c.priority ?? 0 })) : [],
    rows: records.map((record) => {
      const object = shown(resource, record);
      return { cells: row(object, nowMs), ...(include === 'Object' ? { object } : include === 'Metadata' ? { object: partialMetadata(object) } : {}) };
    }),
  };
}

/** The same as JSON. A row's metadata is written once for each version of an object: of a Table of 500 pods that is most of the work. */
export function tableJson(request: ApiRequest, records: readonly StoredRecord[], metadata: Record<string, unknown>): Buffer {
  if (request.resource.conversion !== undefined || (request.query.get('includeObject') ?? 'Metadata') !== 'Metadata') return Buffer.from(JSON.stringify(tableOf(request, records, metadata)));
  const { rows: _, ...head } = tableOf(request, [], metadata);
  const { resource } = request;
  const nowMs = request.api.clock.now();
  const row = resource.custom === undefined ? rowFunctionFor(resource) : customRow(resource.custom);
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"rows":[`)];
  for (const [index, record] of records.entries()) {
    parts.push(Buffer.from(`${index === 0 ? '' : ','}{"cells":${JSON.stringify(row(record.object, nowMs))},"object":`), metadataJson(record), CLOSE);
  }
  parts.push(END);
  return Buffer.concat(parts);
}

const CLOSE = Buffer.from('}');
const END = Buffer.from(']}');
const metadataOf = new WeakMap<StoredRecord, Buffer>();

function metadataJson(record: StoredRecord): Buffer {
  let json = metadataOf.get(record);
  if (json === undefined) metadataOf.set(record, json = Buffer.from(JSON.stringify(partialMetadata(record.object))));
  return json;
}

export function partialMetadata(object: KubernetesObject): KubernetesObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata ?? {} };
}
