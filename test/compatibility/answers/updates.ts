import { mutationsOf } from './mutations.ts';
import { pathsOf, valueAt, type Path } from './places.ts';
import { numberOf, type Manifest } from './cases.ts';
import { singleMutationsOf } from './wider-mutations.ts';

/** A request about an object that exists; `what` names it, and is the same on every server. */
export interface Update {
  readonly what: string;
  readonly method: 'PUT' | 'PATCH' | 'DELETE';
  /** Absent: of the object itself. */
  readonly subresource?: string;
  readonly type?: string;
  readonly query?: string;
  readonly body?: unknown;
}

type Live = Manifest & { readonly metadata: Record<string, unknown>; readonly status?: unknown };

const PATCHES = { json: 'application/json-patch+json', merge: 'application/merge-patch+json', strategic: 'application/strategic-merge-patch+json', apply: 'application/apply-patch+yaml' } as const;

/** Changes whose names would have what the server alone says in them. */
const NAMED_BY_SERVER = / (?:status\.|metadata\.(?:uid|resourceVersion|creationTimestamp)|spec\.(?:clusterIP|uid|selector\.matchLabels\.batch)|spec\.template\.metadata\.labels\.(?:batch|controller))|controller-uid/;

/** What clients may do with an object that exists: replace and patch it with one thing changed, its status too, and do it on wrong assumptions. */
export function updatesOf(live: Live): Update[] {
  const put = (what: string, body: unknown): Update => ({ what: `put ${what}`, method: 'PUT', body });
  const mutations = mutationsOf(live).filter(({ what }) => !what.includes('lastPhaseTransitionTime'));
  const statuses = mutations.filter(({ what }) => what.includes(' status.'));
  const wider = singleMutationsOf(live).filter(({ what, body }) => !NAMED_BY_SERVER.test(what) && body !== null);
  return [
    ...mutations.map(({ what, body }) => put(what, body)),
    ...wider.map(({ what, body }) => put(what, body)),
    ...assumptions(live).map(([what, body]) => put(what, body)),
    ...[...mutations, ...addedStatus(live), ...wider.filter(({ what }) => numberOf(what) % 7 === 0)].map(({ what, body }): Update => ({ what: `put status ${what}`, method: 'PUT', subresource: 'status', body })),
    ...statuses.map(({ what, body }): Update => ({ what: `put both ${what}`, method: 'PUT', body })),
    ...patchesOf(live),
    ...deletions(live),
  ];
}

function withMetadata(live: Live, fields: Record<string, unknown>): unknown {
  return { ...live, metadata: { ...live.metadata, ...fields } };
}

/** What a client may wrongly take an object to be. */
function assumptions(live: Live): [string, unknown][] {
  return [
    ['without resource version', withMetadata(live, { resourceVersion: undefined })], ['old resource version', withMetadata(live, { resourceVersion: '1' })], ['future resource version', withMetadata(live, { resourceVersion: '999999999' })], ['broken resource version', withMetadata(live, { resourceVersion: 'x' })],
    ['other uid', withMetadata(live, { uid: 'other' })], ['without uid', withMetadata(live, { uid: undefined })], ['other creation', withMetadata(live, { creationTimestamp: '2001-01-01T00:00:00Z' })], ['other generation', withMetadata(live, { generation: 77 })],
    ['deletion time', withMetadata(live, { deletionTimestamp: '2026-01-01T00:00:00Z' })], ['other name', withMetadata(live, { name: 'other' })], ['no labels', withMetadata(live, { labels: undefined })], ['one label', withMetadata(live, { labels: { only: 'this' } })],
    ['one annotation', withMetadata(live, { annotations: { only: 'this' } })], ['new finalizer', withMetadata(live, { finalizers: ['example.com/new'] })], ['no finalizers', withMetadata(live, { finalizers: [] })], ['bare', { apiVersion: live.apiVersion, kind: live.kind, metadata: { name: live.metadata['name'] } }],
    ['label and old resource version', withMetadata(live, { resourceVersion: '1', labels: { only: 'this' } })], ['without status', { ...live, status: undefined }],
  ];
}

function addedStatus(live: Live): { what: string; body: unknown }[] {
  const condition = { type: 'Ready', status: 'True', reason: 'Because', message: 'it is', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const samples: Record<string, unknown> = { conditions: [condition], 'two conditions of a type': [condition, condition], phase: 'Running', replicas: 3, readyReplicas: 2, availableReplicas: 1, observedGeneration: 1, 'negative replicas': -1, succeeded: 1, active: 2, failed: 1, currentHealthy: 1, loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { ip: 'x' }] }, nothing: 1 };
  return Object.entries(samples).map(([name, value]) => {
    const field = name === 'two conditions of a type' ? 'conditions' : name === 'negative replicas' ? 'replicas' : name;
    return { what: `with ${name}`, body: { ...live, status: { ...(live.status as object | undefined), [field]: value } } };
  });
}

function patchesOf(live: Live): Update[] {
  const patches: Update[] = [];
  const patch = (kind: keyof typeof PATCHES, what: string, body: unknown, query?: string): void => void patches.push({ what: `${kind} ${what}`, method: 'PATCH', type: PATCHES[kind], body, ...(query !== undefined && { query }) });
  for (const path of pathsOf(live)) {
    if (path[0] === 'apiVersion' || path[0] === 'kind' || path[0] === 'status') continue;
    const pointer = path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    const where = path.join('.'), value = valueAt(live, path);
    patch('json', `remove ${where}`, [{ op: 'remove', path: pointer }]);
    for (const other of [null, 'other', 7]) patch('json', `replace ${where} with ${other}`, [{ op: 'replace', path: pointer, value: other }]);
    if (typeof path.at(-1) === 'number' || path.at(-1) === 'nodePort') continue;
    for (const kind of ['merge', 'strategic'] as const) for (const other of [null, typeof value === 'number' ? value + 1 : 'other']) patch(kind, `${where} ${other}`, nested(path, other));
  }
  const named = { apiVersion: live.apiVersion, kind: live.kind, metadata: { name: live.metadata['name'] } };
  patch('json', 'test that fails', [{ op: 'test', path: '/metadata/name', value: 'nobody' }]);
  patch('json', 'nowhere', [{ op: 'remove', path: '/nowhere/at/all' }]);
  patch('json', 'unknown operation', [{ op: 'mend', path: '/metadata/name' }]);
  patch('json', 'object', { op: 'remove' });
  patch('json', 'nothing', []);
  patch('json', 'add label', [{ op: 'add', path: '/metadata/labels', value: { added: 'yes' } }]);
  patch('json', 'copy', [{ op: 'copy', from: '/metadata/name', path: '/metadata/annotations' }]);
  for (const kind of ['merge', 'strategic'] as const) {
    patch(kind, 'nothing', {});
    patch(kind, 'labels', { metadata: { labels: { added: 'yes' } } });
    patch(kind, 'old resource version', { metadata: { resourceVersion: '1', labels: { added: 'yes' } } });
    patch(kind, 'other uid', { metadata: { uid: 'other' } });
    patch(kind, 'other name', { metadata: { name: 'other' } });
    patch(kind, 'other kind', { kind: 'Other' });
    patch(kind, 'unknown field', { surprise: 1 });
    patch(kind, 'unknown field, ignored', { surprise: 1 }, 'fieldValidation=Ignore');
    patch(kind, 'unknown field, warned', { surprise: 1 }, 'fieldValidation=Warn');
    patch(kind, 'array', []);
    patch(kind, 'text', 'text');
    patch(kind, 'with force', { metadata: { labels: { added: 'yes' } } }, 'force=true');
  }
  patch('apply', 'without manager', named);
  patch('apply', 'name alone', named, 'fieldManager=m');
  patch('apply', 'labels', { ...named, metadata: { ...named.metadata, labels: { added: 'yes' } } }, 'fieldManager=m');
  patch('apply', 'other name', { ...named, metadata: { name: 'other' } }, 'fieldManager=m');
  patch('apply', 'other kind', { ...named, kind: 'Other' }, 'fieldManager=m');
  patch('apply', 'other version', { ...named, apiVersion: 'v9' }, 'fieldManager=m');
  patch('apply', 'without kind', { metadata: named.metadata }, 'fieldManager=m');
  patch('apply', 'managed fields', { ...named, metadata: { ...named.metadata, managedFields: [{ manager: 'x' }] } }, 'fieldManager=m');
  patch('apply', 'unknown field', { ...named, surprise: 1 }, 'fieldManager=m');
  patch('apply', 'old resource version', { ...named, metadata: { ...named.metadata, resourceVersion: '1' } }, 'fieldManager=m');
  patch('apply', 'long manager', named, `fieldManager=${'m'.repeat(200)}`);
  patches.push({ what: 'patch of no type', method: 'PATCH', type: 'application/json', body: {} }, { what: 'merge status labels', method: 'PATCH', subresource: 'status', type: PATCHES.merge, body: { metadata: { labels: { added: 'yes' } } } });
  return patches;
}

function nested(path: Path, value: unknown): unknown {
  // A list is replaced as a whole; below one, the patch says the list's name alone.
  const at = path.findIndex((key) => typeof key === 'number');
  return (at < 0 ? path : path.slice(0, at)).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

function deletions(live: Live): Update[] {
  const options = (what: string, fields: object): Update => ({ what: `delete ${what}`, method: 'DELETE', body: { apiVersion: 'v1', kind: 'DeleteOptions', ...fields } });
  return [
    options('plainly', {}), options('other uid', { preconditions: { uid: 'other' } }), options('right uid', { preconditions: { uid: live.metadata['uid'] } }), options('old resource version', { preconditions: { resourceVersion: '1' } }),
    options('orphaning', { propagationPolicy: 'Orphan' }), options('in the foreground', { propagationPolicy: 'Foreground' }), options('in an unknown way', { propagationPolicy: 'Sideways' }), options('in two ways', { propagationPolicy: 'Orphan', orphanDependents: true }),
    options('after less than nothing', { gracePeriodSeconds: -1 }), options('at once', { gracePeriodSeconds: 0 }), options('with an unknown field', { surprise: 1 }), { what: 'delete with another kind of options', method: 'DELETE', body: { apiVersion: 'v1', kind: 'Pod' } },
  ];
}
