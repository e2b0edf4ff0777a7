import table from '../../../kubernetes/data/resources.json' with { type: 'json' };
import type { ServedResource } from './served-resource.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

/** One HTTP operation, before it is written as OpenAPI v2 or v3. */
export interface Operation {
  readonly method: Method;
  readonly action: string;
  readonly operationId: string;
  readonly queryParameters: readonly string[];
  /** Definition names. */
  readonly body?: string;
  readonly answer: string | undefined;
  readonly patch: boolean;
  readonly created: boolean;
  readonly resource: ServedResource;
}

export interface PathItem {
  readonly path: string;
  readonly pathParameters: readonly string[];
  readonly operations: readonly Operation[];
}

const verbParameters = table.verbParameters as Record<string, readonly string[] | undefined>;
const deleteOptions = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
const status = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';

/** The paths at which one resource or subresource is served. */
export function pathsOf(r: ServedResource): PathItem[] {
  const root = r.group === '' ? `/api/${r.version}` : `/apis/${r.group}/${r.version}`;
  const base = r.namespaced ? `${root}/namespaces/{namespace}/${r.plural}` : `${root}/${r.plural}`;
  const scope = r.namespaced ? ['namespace'] : [];
  if (r.subresource !== undefined) {
    return [{ path: `${base}/{name}/${r.subresource}`, pathParameters: ['name', ...scope], operations: named(r) }].filter((p) => p.operations.length > 0);
  }
  const items: PathItem[] = [
    { path: base, pathParameters: scope, operations: collection(r) },
    { path: `${base}/{name}`, pathParameters: ['name', ...scope], operations: named(r).filter((o) => o.method !== 'post') },
  ];
  if (r.namespaced && r.verbs.includes('list')) items.push({ path: `${root}/${r.plural}`, pathParameters: [], operations: [operation(r, 'get', 'list', r.listDefinition, 'ForAllNamespaces')] });
  return items.filter((p) => p.operations.length > 0);
}

function collection(r: ServedResource): Operation[] {
  const result: Operation[] = [];
  if (r.verbs.includes('list')) result.push(operation(r, 'get', 'list', r.listDefinition));
  if (r.verbs.includes('create')) result.push(operation(r, 'post', 'post', r.definition));
  if (r.verbs.includes('deletecollection')) result.push(operation(r, 'delete', 'deletecollection', status));
  return result;
}

function named(r: ServedResource): Operation[] {
  const result: Operation[] = [];
  if (r.verbs.includes('get')) result.push(operation(r, 'get', 'get', r.definition));
  if (r.verbs.includes('update')) result.push(operation(r, 'put', 'put', r.definition));
  if (r.subresource !== undefined && r.verbs.includes('create')) result.push(operation(r, 'post', 'post', r.definition));
  if (r.verbs.includes('delete')) result.push(operation(r, 'delete', 'delete', status));
  if (r.verbs.includes('patch')) result.push(operation(r, 'patch', 'patch', r.definition));
  return result;
}

const words: Readonly<Record<string, string>> = { list: 'list', get: 'read', post: 'create', put: 'replace', delete: 'delete', deletecollection: 'deleteCollection', patch: 'patch' };
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

function operation(r: ServedResource, method: Method, action: string, answer: string | undefined, suffix = ''): Operation {
  const group = r.group === '' ? 'Core' : r.group.split('.').slice(0, r.custom ? undefined : 1).map(capital).join('');
  const scope = r.namespaced && suffix === '' ? 'Namespaced' : '';
  const kind = r.subresource === undefined ? r.kind.kind : capital(r.plural.replace(/s$/, ''));
  const body = action === 'delete' || action === 'deletecollection' ? deleteOptions : method === 'post' || method === 'put' ? r.definition : undefined;
  return {
    method, action, resource: r, answer, patch: method === 'patch', created: method === 'post' || method === 'put' || method === 'patch',
    operationId: `${words[action] ?? action}${group}${capital(r.version)}${scope}${kind}${capital(r.subresource ?? '')}${suffix}`,
    queryParameters: (verbParameters[action] ?? []).filter((p) => action !== 'get' || p === 'pretty' || r.subresource === 'log'),
    ...(body === undefined ? {} : { body }),
  };
}

/** JSON type of a query parameter. */
export function parameterType(name: string): 'boolean' | 'integer' | 'string' {
  if (['allowWatchBookmarks', 'watch', 'sendInitialEvents', 'force', 'orphanDependents', 'follow', 'previous', 'timestamps', 'insecureSkipTLSVerifyBackend', 'ignoreStoreReadErrorWithClusterBreakingPotential'].includes(name)) return 'boolean';
  return ['limit', 'timeoutSeconds', 'gracePeriodSeconds', 'limitBytes', 'sinceSeconds', 'tailLines'].includes(name) ? 'integer' : 'string';
}

/** Media types of a patch body. Custom resources know no strategic merge patch. */
export function patchTypes(custom: boolean): string[] {
  return ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json', ...(custom ? [] : ['application/strategic-merge-patch+json'])];
}

export const tagOf = (r: ServedResource): string => `${r.group === '' ? 'core' : r.custom ? r.group.replace(/\W/g, '') : r.group.split('.')[0]}_${r.version}`;
