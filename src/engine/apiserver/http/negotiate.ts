import type { KubernetesObject } from '../../../client/resource.ts';
import { StatusError } from '../../../client/status-error.ts';
import { StoredRecord } from '../../store/record.ts';
import { shown, shownJson } from '../resources/served-resource.ts';
import { partialMetadata, tableOf } from '../tables/table.ts';
import type { ApiRequest } from './api-request.ts';
import { replyJson, replyValue } from './reply.ts';

/** The form of an answer: the object, a Table of it, or its metadata alone. */
export type Form = 'object' | 'table' | 'metadata';

/** Reads the Accept header; the first form that the server can give wins.
 *  @throws {StatusError} 406 when it can give none */
export function acceptedForm(request: ApiRequest): Form {
  const accept = request.req.headers.accept;
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return 'object';
  for (const clause of accept.split(',')) {
    const [type = '', ...parameters] = clause.split(';').map((p) => p.trim());
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    const as = parameters.find((p) => p.startsWith('as='))?.slice(3);
    if (as === undefined) return 'object';
    if (as === 'Table' && parameters.includes('v=v1')) return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
  }
  throw new StatusError({ code: 406, reason: 'NotAcceptable', message: `only application/json can be given, not ${JSON.stringify(accept)}` });
}

/** Sends one object in the form asked for. */
export function replyObject(request: ApiRequest, code: number, record: StoredRecord, form: Form): void {
  const { req, res, resource, warnings } = request;
  switch (form) {
    case 'object': return replyJson(req, res, code, shownJson(resource, record), warnings);
    case 'table': return replyValue(req, res, code, tableOf(request, [record], { resourceVersion: String(record.revision) }), warnings);
    case 'metadata': return replyValue(req, res, code, partialMetadata(shown(resource, record)), warnings);
  }
}

/** The record of an object that is not stored (dry run), so that answers have one path. */
export function transient(object: KubernetesObject): StoredRecord {
  return new StoredRecord('', 0, Buffer.from(JSON.stringify(object)), object);
}
