import type { KubernetesObject } from '../../../client/resource.ts';
import { StatusError } from '../../../client/status-error.ts';
import { StoredRecord } from '../../store/record.ts';
import { shown, shownJson } from '../resources/served-resource.ts';
import { partialMetadata, tableOf } from '../tables/table.ts';
import { mediaRanges } from './accept.ts';
import type { ApiRequest } from './api-request.ts';
import { asYaml, encodingOf, mediaTypes, protobufAnswers, type Encoding } from './encodings.ts';
import { replyJson, replyValue } from './reply.ts';

/** The form of an answer: the object, a Table of it, or its metadata alone, and how it is written. */
export interface Form {
  readonly as: 'object' | 'table' | 'metadata';
  readonly encoding: Encoding;
}

const plain: Form = { as: 'object', encoding: 'json' };

/** Reads the Accept header; the first form that the server can give wins. @param objectOnly there is neither a Table of it nor metadata, as of reviews
 *  @throws {StatusError} 406 when it can give none */
export function acceptedForm(request: ApiRequest, objectOnly = false): Form {
  const accept = request.req.headers.accept;
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plain;
  for (const { type, as, version } of mediaRanges(accept)) {
    const encoding = encodingOf(type);
    if (encoding === undefined) continue;
    if (as === undefined) {
      // Custom resources have no protobuf form.
      if (encoding !== 'protobuf' || protobufAnswers().hasProtobuf(request.resource)) return { as: 'object', encoding };
    } else if (objectOnly) continue;
    else if (as === 'Table' && version === 'v1') {
      if (encoding !== 'protobuf') return { as: 'table', encoding };
    } else if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { as: 'metadata', encoding };
  }
  throw new StatusError({ code: 406, reason: 'NotAcceptable', message: `only ${Object.values(mediaTypes).join(', ')} can be given (custom resources and Tables not as protobuf), not ${JSON.stringify(accept)}` });
}

/** Sends one object in the form asked for. */
export function replyObject(request: ApiRequest, code: number, record: StoredRecord, form: Form): void {
  const { req, res, resource, warnings } = request;
  switch (form.as) {
    case 'object': {
      if (form.encoding === 'json') return replyJson(req, res, code, shownJson(resource, record), warnings);
      const body = form.encoding === 'protobuf' ? protobufAnswers().objectAnswer(resource, record) : asYaml(shownJson(resource, record));
      return replyJson(req, res, code, body, warnings, mediaTypes[form.encoding]);
    }
    case 'table': return replyValue(req, res, code, tableOf(request, [record], { resourceVersion: String(record.revision) }), warnings);
    case 'metadata': return replyValue(req, res, code, partialMetadata(shown(resource, record)), warnings);
  }
}

/** The record of an object that is not stored (dry run), so that answers have one path. */
export function transient(object: KubernetesObject): StoredRecord {
  return new StoredRecord('', 0, Buffer.from(JSON.stringify(object)), object);
}
