import type { ApiRequest } from '../http/api-request.ts';
import { asYaml, mediaTypes, protobufAnswers } from '../http/encodings.ts';
import { acceptedForm } from '../http/negotiate.ts';
import { replyJson, replyValue } from '../http/reply.ts';
import type { StoredRecord } from '../../store/record.ts';
import { groupVersionOf, shown, shownJson, type ServedResource } from '../resources/served-resource.ts';
import { partialMetadata, tableJson } from '../tables/table.ts';
import { listPage, selectionOf, type Page } from './read.ts';

const comma = Buffer.from(',');
const end = Buffer.from(']}');

export async function handleList(request: ApiRequest): Promise<void> {
  const form = acceptedForm(request);
  const page = await listPage(request, selectionOf(request));
  const { req, res, resource, warnings } = request;
  const metadata = listMetadata(page);
  switch (form.as) {
    case 'object': {
      const body = form.encoding === 'protobuf' ? protobufAnswers().listAnswer(resource, metadata, protobufItems(resource, page.records)) : listJson(request, page, metadata);
      return replyJson(req, res, 200, form.encoding === 'yaml' ? asYaml(Buffer.concat(body)) : body, warnings, mediaTypes[form.encoding]);
    }
    case 'table': {
      const json = tableJson(request, page.records, metadata);
      return replyJson(req, res, 200, form.encoding === 'yaml' ? asYaml(json) : json, warnings, mediaTypes[form.encoding]);
    }
    case 'metadata':
      return replyValue(req, res, 200, { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: page.records.map((r) => partialMetadata(shown(resource, r))) }, warnings);
  }
}

function listMetadata(page: Page): Record<string, unknown> {
  return {
    resourceVersion: String(page.revision),
    ...(page.continueToken !== undefined && { continue: page.continueToken }),
    ...(page.remaining !== undefined && { remainingItemCount: page.remaining }),
  };
}

/** Joins the stored JSON: a list costs no serialisation. */
function listJson(request: ApiRequest, page: Page, metadata: Record<string, unknown>): Buffer[] {
  const { resource } = request;
  const listKind = resource.custom?.definition.spec?.names?.listKind ?? `${resource.kind}List`;
  const head = Buffer.from(`{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(groupVersionOf(resource))},"metadata":${JSON.stringify(metadata)},"items":[`);
  return [head, ...itemsOf(resource, page.records), end];
}

/** Pages above this many bytes are not kept. */
const keptPageLimitBytes = 4 * 1024 * 1024;
type KeptPages = WeakMap<readonly StoredRecord[], Buffer | 'asked once'>;
const kept: Readonly<Record<'json' | 'protobuf', KeptPages>> = { json: new WeakMap(), protobuf: new WeakMap() };

function itemsOf(resource: ServedResource, records: readonly StoredRecord[]): Buffer[] {
  return keptPage(kept.json, records, (record, isFirst) => (isFirst ? [shownJson(resource, record)] : [comma, shownJson(resource, record)]));
}

function protobufItems(resource: ServedResource, records: readonly StoredRecord[]): Buffer[] {
  return keptPage(kept.protobuf, records, (record) => protobufAnswers().listItems(resource, record));
}

/** A page that is asked for again while nothing changes is joined into one piece and kept: half of a list's cost is gathering its objects from all over the memory. */
function keptPage(pages: KeptPages, records: readonly StoredRecord[], partsOf: (record: StoredRecord, isFirst: boolean) => readonly Buffer[]): Buffer[] {
  const known = pages.get(records);
  if (typeof known === 'object') return [known];
  const parts: Buffer[] = [];
  let bytes = 0;
  for (const record of records) {
    for (const part of partsOf(record, parts.length === 0)) {
      parts.push(part);
      bytes += part.length;
    }
  }
  if (known === undefined) pages.set(records, 'asked once');
  if (known === undefined || bytes > keptPageLimitBytes) return parts;
  const joined = Buffer.concat(parts);
  pages.set(records, joined);
  return [joined];
}
