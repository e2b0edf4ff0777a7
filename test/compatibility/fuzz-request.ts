import type { Case } from './answers/cases.ts';
import type { FuzzRandom } from './fuzz-random.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Resource { readonly groupVersion: string; readonly name: string; readonly namespaced: boolean; readonly kind: string }

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
const NAMES = ['case', 'case', 'a', 'Not-Valid', '..', '%2e%2e', 'x'.repeat(260), 'things.example.com', 'default', 'kube-root-ca.crt', '%00', 'ü', '10.0.0.77'];
const TYPES = ['application/json', 'application/json', 'application/json', 'application/yaml', 'application/merge-patch+json', 'application/json-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml', 'application/vnd.kubernetes.protobuf', 'application/cbor', 'application/apply-patch+cbor', 'text/plain', '', 'application/json; charset=utf-8', ';;;'];
const ACCEPTS = ['application/json', '*/*', 'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'application/vnd.kubernetes.protobuf,application/json', 'application/vnd.kubernetes.protobuf', 'application/yaml', 'application/cbor', 'text/html', 'application/json;as=Nothing;v=v9;g=x', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', ',,;'];
const QUERY: readonly [string, readonly string[]][] = [
  ['limit', ['1', '500', '-1', 'x', '99999999999999999999']], ['continue', ['x', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIifQ', '%']],
  ['resourceVersion', ['0', '1', '5', 'x', '-1', '']], ['resourceVersionMatch', ['Exact', 'NotOlderThan', 'Never']],
  ['labelSelector', ['a=b', 'a in (b,c)', '!a', 'a=b,,', 'a in (', '=', 'x/y/z=1', 'a!=b']], ['fieldSelector', ['metadata.name=case', 'spec.nodeName=', 'nothing=1', 'metadata.name', 'a=b=c', 'metadata.name!=x']],
  ['watch', ['true', '1', 'false', 'x']], ['timeoutSeconds', ['1', '0', '-5', 'x']], ['sendInitialEvents', ['true', 'x']], ['allowWatchBookmarks', ['true', 'x']],
  ['dryRun', ['All', 'All', 'None', '']], ['fieldValidation', ['Strict', 'Warn', 'Ignore', 'X']], ['fieldManager', ['m', 'x'.repeat(200), '\u0001']], ['force', ['true', 'false', 'x']],
  ['propagationPolicy', ['Orphan', 'Foreground', 'Background', 'X']], ['gracePeriodSeconds', ['0', '-1', 'x', '1e400']], ['orphanDependents', ['true', 'x']], ['pretty', ['true', '1']],
];
const BODIES = ['', '{', '[]', 'null', '1', '"x"', '{}', '{"metadata":null}', '{"kind":"Nope","apiVersion":"v1"}', '[{"op":"add","path":"/metadata/labels/x","value":"y"}]', '[{"op":"remove","path":"/spec"}]', '[{"op":"move","from":"/a","path":"/a/b"}]', '{"spec":{"$patch":"delete"}}', '{"metadata":{"$retainKeys":[1]}}', '{"metadata":{"labels":{"$patch":"replace"}}}', '{"spec":{"containers":[{"$patch":"replace"}]}}', '{"spec":{"$setElementOrder/containers":[{"x":1}]}}', '{"metadata":{"$deleteFromPrimitiveList/finalizers":"x"}}', 'k8s\0\u0001\u0002', 'a: &a [*a]', 'a: {b: !!js/function x}', '{"__proto__":{"x":1},"constructor":{"prototype":{"y":1}}}', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, `{"data":{"a":"${'x'.repeat(10_000)}"}}`, '{"metadata":{"managedFields":[{"manager":"m","operation":"Apply","fieldsType":"FieldsV1","fieldsV1":{"f:x":1}}]}}', '{"metadata":{"name":"case","resourceVersion":"1"}}', '\ud800', '{"spec":{"replicas":1e400}}', '{"a":1,"a":2}'];
const OTHER_PATHS = ['/', '/api', '/apis', '/api/v2', '/apis/nope', '/apis/apps', '/apis/apps/v9', '/openapi/v2', '/openapi/v3', '/openapi/v3/apis/apps/v1', '/openapi/v3/nope', '/version', '/healthz', '/livez', '/readyz', '/readyz/nope', '/livez?verbose', '/metrics', '/logs', '//api//v1', '/api/v1/namespaces/default/', '/%', '/api/v1/namespaces//pods', '/api/v1/watch/pods', '/.well-known/openid-configuration', '/openid/v1/jwks'];
const SUBRESOURCES = ['status', 'scale', 'finalize', 'binding', 'eviction', 'token', 'log', 'exec', 'attach', 'portforward', 'proxy', 'ephemeralcontainers', 'resize', 'approval', 'nope'];

/** What makes the server ask others: kept, a made-up webhook would answer every later request with a 500, as it should. */
const ASKS_OTHERS = /\/(?:mutatingwebhookconfigurations|validatingwebhookconfigurations|apiservices)\b/;

/** A request as careless, broken or hostile clients send: a mutated create, or any method on any path with any body. */
export function randomRequest(random: FuzzRandom, resources: readonly Resource[], mutated: readonly Case[]): FuzzRequest {
  const made = anyRequest(random, resources, mutated);
  const writes = made.method === 'POST' || made.method === 'PUT' || made.method === 'PATCH';
  return writes && ASKS_OTHERS.test(made.path) ? { ...made, path: `${made.path.split('?')[0]}?dryRun=All` } : made;
}

function anyRequest(random: FuzzRandom, resources: readonly Resource[], mutated: readonly Case[]): FuzzRequest {
  const dice = random.next();
  if (dice < 0.35) {
    const one = random.of(mutated);
    return { method: 'POST', path: `${one.path}${query(random)}`, headers: { 'content-type': 'application/json', accept: random.of(ACCEPTS.slice(0, 6)) }, body: JSON.stringify(one.body) };
  }
  if (dice < 0.42) return { method: random.of(METHODS), path: random.of(OTHER_PATHS), headers: { accept: random.of(ACCEPTS) } };
  const resource = random.of(resources);
  const method = random.of(METHODS);
  const base = `${resource.groupVersion.includes('/') ? '/apis/' : '/api/'}${resource.groupVersion}${resource.namespaced && random.next() < 0.9 ? `/namespaces/${random.of(['default', 'default', 'kube-system', 'nope', 'Bad_'])}` : ''}/${resource.name.split('/')[0]}`;
  const name = method === 'POST' ? random.next() < 0.2 : method === 'PUT' || method === 'PATCH' || random.next() < 0.6;
  const path = `${base}${name ? `/${random.of(NAMES)}` : ''}${name && random.next() < 0.25 ? `/${random.of(SUBRESOURCES)}` : ''}${query(random)}`;
  const headers: Record<string, string> = { accept: random.of(ACCEPTS), ...(random.next() < 0.2 ? { 'accept-encoding': random.of(['gzip', 'br', 'identity', 'x']) } : {}) };
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return { method, path, headers };
  const type = random.of(TYPES);
  if (type !== '') headers['content-type'] = type;
  return { method, path, headers, body: random.next() < 0.5 ? random.of(BODIES) : mutatedText(random, mutated) };
}

function query(random: FuzzRandom): string {
  const count = random.below(4);
  if (count === 0) return '';
  return `?${Array.from({ length: count }, () => { const [key, values] = random.of(QUERY); return `${key}=${encodeURIComponent(random.of(values))}`; }).join('&')}`;
}

/** The text of a manifest with a few characters lost, doubled or swapped. */
function mutatedText(random: FuzzRandom, mutated: readonly Case[]): string {
  let text = JSON.stringify(random.of(mutated).body);
  for (let times = random.below(4); times > 0; times--) {
    const at = random.below(text.length);
    text = random.of([
      () => text.slice(0, at) + text.slice(at + 1 + random.below(20)), () => text.slice(0, at) + text.slice(at, at + 8) + text.slice(at),
      () => `${text.slice(0, at)}${random.of(['"', '}', '{', '\0', '9', 'null', '\\u0000', '\ud83d\ude00'])}${text.slice(at)}`,
    ])();
  }
  return text;
}
