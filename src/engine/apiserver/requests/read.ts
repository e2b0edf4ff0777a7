import type { StoredRecord } from '../../store/record.ts';
import { badRequest, expired, futureRevision, notFound } from '../api-error.ts';
import { collectionOf, storeKey, type ApiContext } from '../context.ts';
import { subjectOf, type ApiRequest } from '../http/api-request.ts';
import { groupVersionOf, shown } from '../resources/served-resource.ts';
import { fieldPredicate, parseFieldSelector } from '../selectors/field-selector.ts';
import { parseLabelSelector } from '../selectors/label-selector.ts';

/** What a list or watch asks for. */
export interface Selection {
  readonly namespace: string | undefined;
  /** Absent: everything under the namespace. */
  readonly matches?: (record: StoredRecord) => boolean;
  /** The one name that can match, where the field selector or the path names it. */
  readonly name?: string;
}

/** @throws {StatusError} 400 for selectors that cannot be read */
export function selectionOf(request: ApiRequest): Selection {
  const labels = request.query.get('labelSelector') ?? '';
  const fields = parseFieldSelector(request.query.get('fieldSelector') ?? '');
  const byLabel = labels === '' ? undefined : parseLabelSelector(labels);
  const byField = fields.length === 0 ? undefined : fieldPredicate(request.resource, fields);
  const name = request.name ?? fields.find((f) => f.field === 'metadata.name' && f.equal && f.value !== '')?.value;
  const { resource, namespace } = request;
  const place = { namespace, ...(name !== undefined && { name }) };
  if (byLabel === undefined && byField === undefined) return place;
  return { ...place, matches: (record) => (byLabel === undefined || byLabel(record.object.metadata?.labels ?? {})) && (byField === undefined || byField(shown(resource, record))) };
}

/** Whether a record's key is under the selection's name and namespace. */
export function isNamed(selection: Selection, key: string): boolean {
  const { name } = selection;
  return name === undefined || key === name || key.endsWith(`/${name}`);
}

/** @throws {StatusError} 400 when it is not a whole number of at least 0 */
export function revisionOf(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`resourceVersion ${JSON.stringify(text)} is not a whole number`);
  return Number(text);
}

/** Waits up to 3 s for a revision that is not there yet.
 *  @throws {StatusError} 504 when it does not come */
export async function waitForRevision(api: ApiContext, wanted: number | undefined): Promise<void> {
  if (wanted === undefined || wanted <= api.store.revision) return;
  await api.store.flush();
  const deadline = api.clock.now() + 3000;
  while (wanted > api.store.revision) {
    if (api.clock.now() >= deadline || api.closing.aborted) throw futureRevision(wanted, api.store.revision);
    await new Promise<void>((resolve) => void api.clock.after(50, resolve));
  }
}

/** @throws {StatusError} 404 */
export function readRecord(request: ApiRequest): StoredRecord {
  const record = collectionOf(request.api, request.resource).get(storeKey(request.namespace, request.name ?? ''));
  if (record === undefined) throw notFound(subjectOf(request));
  return record;
}

/** `left`: objects from `start` on, where they were counted. */
interface ContinueToken { readonly v: 'meta.k8s.io/v1'; readonly rv: number; readonly start: string; readonly left?: number }

export interface Page {
  readonly records: readonly StoredRecord[];
  readonly revision: number;
  /** Absent on the last page. */
  readonly continueToken?: string;
  /** Objects on the pages after this one; absent on the last page, and of a selection. */
  readonly remaining?: number;
}

/** One page of a list. Pages of one list are of one revision.
 *  @throws {StatusError} 410 when that revision is no longer kept, 400 for parameters that contradict each other */
export async function listPage(request: ApiRequest, selection: Selection): Promise<Page> {
  const { api, query, resource } = request;
  const limit = limitOf(query.get('limit'));
  const match = query.get('resourceVersionMatch');
  const wanted = revisionOf(query.get('resourceVersion'));
  const token = query.get('continue') ?? '';
  checkMatch(match, wanted, token);
  const at = token === '' ? undefined : parseToken(token);
  if (at === undefined) await waitForRevision(api, wanted);
  const exact = at !== undefined ? at.rv : match === 'Exact' || (wanted !== undefined && wanted > 0 && limit > 0 && !match) ? wanted : undefined;
  const prefix = selection.namespace === undefined ? '' : `${selection.namespace}/`;
  const collection = collectionOf(api, resource);
  const source = exact === undefined ? undefined : collection.recordsAt(exact, prefix, at?.start);
  if (exact !== undefined && source === undefined) throw expired(at === undefined ? `The resourceVersion ${exact} for the provided list is too old` : 'The provided continue parameter is too old to display a consistent list result: start the list again without it');
  const revision = exact ?? api.store.revision;
  // As Kubernetes: of a selection nobody counts what is left.
  const isCounted = selection.matches === undefined && selection.name === undefined;
  const { records, next, left } = source === undefined
    ? collection.whileUnchanged(JSON.stringify([groupVersionOf(resource), resource.custom === undefined ? 0 : api.registry.generation, prefix, limit, selection.name, query.get('labelSelector'), query.get('fieldSelector')]), () => selected(collection.records(prefix), selection, limit, isCounted ? (prefix === '' ? collection.size : 'count') : undefined))
    : selected(source, selection, limit, isCounted ? (at?.left ?? 'count') : undefined);
  if (next === undefined) return { records, revision };
  const continued: ContinueToken = { v: 'meta.k8s.io/v1', rv: revision, start: next, ...(left !== undefined && { left }) };
  return { records, revision, continueToken: Buffer.from(JSON.stringify(continued)).toString('base64url'), ...(left !== undefined && { remaining: left }) };
}

/** The records of one page and the key that the next page starts with; absent on the last page. */
interface PageRecords {
  readonly records: readonly StoredRecord[];
  readonly next?: string;
  /** How many are left from there. */
  readonly left?: number;
}

/** @param limit 0: no limit
 *  @param total how many there are from the start of this page; `count`: nobody knows; absent: nobody asks */
function selected(source: Iterable<StoredRecord>, selection: Selection, limit: number, total?: number | 'count'): PageRecords {
  const records: StoredRecord[] = [];
  let next: string | undefined, left = 0;
  for (const record of source) {
    if (!isNamed(selection, record.key) || (selection.matches !== undefined && !selection.matches(record))) continue;
    if (next === undefined && (limit === 0 || records.length < limit)) {
      records.push(record);
      continue;
    }
    next ??= record.key;
    if (total === 'count') left++;
    else return { records, next, ...(total !== undefined && { left: total - records.length }) };
  }
  return { records, ...(next !== undefined && { next, left }) };
}

function limitOf(text: string | null): number {
  const limit = Number(text ?? 0);
  if (!Number.isInteger(limit)) throw badRequest(`limit ${JSON.stringify(text)} is not a whole number`);
  return Math.max(0, limit);
}

function checkMatch(match: string | null, wanted: number | undefined, token: string): void {
  if (match === null || match === '') return;
  if (match !== 'Exact' && match !== 'NotOlderThan') throw badRequest(`resourceVersionMatch ${JSON.stringify(match)} is neither Exact nor NotOlderThan`);
  if (wanted === undefined) throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match === 'Exact' && wanted === 0) throw badRequest('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  if (token !== '') throw badRequest('resourceVersionMatch is forbidden when continue is provided');
}

function parseToken(text: string): ContinueToken {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<ContinueToken>;
    if (token.v === 'meta.k8s.io/v1' && typeof token.rv === 'number' && typeof token.start === 'string') return token as ContinueToken;
  } catch { /* The same answer as for a token of another form. */ }
  throw badRequest('continue key is not valid: start the list again without it');
}
