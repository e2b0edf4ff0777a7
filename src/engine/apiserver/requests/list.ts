import type { ApiRequest } from '../http/api-request.ts';
import { acceptedForm } from '../http/negotiate.ts';
import { replyJson, replyValue } from '../http/reply.ts';
import { groupVersionOf, shown, shownJson } from '../resources/served-resource.ts';
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

/** Concatenates the stored JSON: a list costs no serialisation. */
function listJson(request: ApiRequest, page: Page, metadata: Record<string, unknown>): Buffer {
  const { resource } = request;
  const listKind = resource.custom?.definition.spec?.names?.listKind ?? `${resource.kind}List`;
  const parts: Buffer[] = [Buffer.from(`{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(groupVersionOf(resource))},"metadata":${JSON.stringify(metadata)},"items":[`)];
  for (const record of page.records) {
    if (parts.length > 1) parts.push(comma);
    parts.push(shownJson(resource, record));
  }
  parts.push(end);
  return Buffer.concat(parts);
}
