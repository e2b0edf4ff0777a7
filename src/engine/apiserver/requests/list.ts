import type { ApiRequest } from '../http/api-request.ts';
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
  switch (form) {
    case 'object': return replyJson(req, res, 200, listJson(request, page, metadata), warnings);
    case 'table': return replyJson(req, res, 200, tableJson(request, page.records, metadata), warnings);
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
const kept = new WeakMap<readonly StoredRecord[], Buffer | 'asked once'>();

/** A page that is asked for again while nothing changes is joined into one piece and kept: half of a list's cost is gathering its objects from all over the memory. */
function itemsOf(resource: ServedResource, records: readonly StoredRecord[]): Buffer[] {
  const known = kept.get(records);
  if (typeof known === 'object') return [known];
  const parts: Buffer[] = [];
  let bytes = 0;
  for (const record of records) {
    if (parts.length > 0) parts.push(comma);
    const json = shownJson(resource, record);
    parts.push(json);
    bytes += json.length + comma.length;
  }
  if (known === undefined) kept.set(records, 'asked once');
  if (known === undefined || bytes > keptPageLimitBytes) return parts;
  const joined = Buffer.concat(parts);
  kept.set(records, joined);
  return [joined];
}
