/**
 * Creates every manifest on a real API server and keeps what it answers, as JSON and as protobuf: objects, lists, their
 * metadata alone, a Scale, a Status and a watch's event.
 * usage: NODE_TLS_REJECT_UNAUTHORIZED=0 node test/compatibility/record-protobuf.ts SERVER TOKEN   (a fresh server)
 */
import { writeFileSync } from 'node:fs';
import { manifests, pathOf } from './answers/cases.ts';
import { fileOfEncodings, type RecordedEncoding } from './protobuf/encodings.ts';

const [server = '', token = ''] = process.argv.slice(2);
const protobuf = 'application/vnd.kubernetes.protobuf';
const asMetadata = (type: string, kind: string): string => `${type};as=${kind};g=meta.k8s.io;v=v1`;
const lines: RecordedEncoding[] = [];

async function ask(method: string, path: string, accept: string, body?: object): Promise<{ code: number; body: Buffer }> {
  const response = await fetch(server + path, { method, headers: { authorization: `Bearer ${token}`, accept, 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
  return { code: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

/** Both forms of one answer: asked again where the object moved between them. */
async function record(what: string, method: string, path: string, accepts: readonly [json: string, protobuf: string] = ['application/json', protobuf], body?: object): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    const [before, encoded, after] = [await ask(method, path, accepts[0], body), await ask(method, path, accepts[1], body), await ask(method, path, accepts[0], body)];
    if (!before.body.equals(after.body)) continue;
    lines.push({ what, json: JSON.parse(before.body.toString()) as RecordedEncoding['json'], protobuf: encoded.body.toString('base64') });
    return;
  }
  console.log(`${what} did not stand still`);
}

await ask('POST', '/api/v1/namespaces/default/serviceaccounts', 'application/json', { metadata: { name: 'default' } });
for (const manifest of manifests()) {
  // Its rules come in another order each time.
  if (manifest.kind === 'SelfSubjectRulesReview') continue;
  const path = pathOf(manifest);
  const made = await ask('POST', path, 'application/json', manifest);
  const object = JSON.parse(made.body.toString()) as { metadata?: { name?: string }; message?: string };
  const name = object.metadata?.name;
  if (made.code !== 201) console.log(`${path}: ${made.code} ${object.message}`);
  else if (name === undefined) await record(`POST ${path}`, 'POST', path, undefined, manifest);
  else {
    await record(`${path}/${name}`, 'GET', `${path}/${name}`);
    await ask('DELETE', `${path}/${name}?gracePeriodSeconds=0&propagationPolicy=Background`, 'application/json');
    await ask('PATCH', `${path}/${name}`, 'application/json', { metadata: { finalizers: null } });
  }
}
await ask('POST', '/apis/apps/v1/namespaces/default/deployments', 'application/json', manifests().find((m) => m.kind === 'Deployment'));
await ask('POST', '/api/v1/namespaces/default/pods', 'application/json', manifests().find((m) => m.kind === 'Pod'));
await record('a list', 'GET', '/api/v1/namespaces/default/pods');
await record('a page', 'GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles?limit=2');
await record('an empty list', 'GET', '/api/v1/namespaces/nowhere/pods');
await record('a Status', 'GET', '/api/v1/namespaces/default/pods/nowhere');
await record('a Status with causes', 'POST', '/apis/apps/v1/namespaces/default/deployments', undefined, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'bad_' } });
await record('metadata alone', 'GET', '/api/v1/namespaces/default', [asMetadata('application/json', 'PartialObjectMetadata'), asMetadata(protobuf, 'PartialObjectMetadata')]);
await record('a list of metadata', 'GET', '/api/v1/namespaces', [asMetadata('application/json', 'PartialObjectMetadataList'), asMetadata(protobuf, 'PartialObjectMetadataList')]);
const deployments = JSON.parse((await ask('GET', '/apis/apps/v1/namespaces/default/deployments', 'application/json')).body.toString()) as { items: { metadata: { name: string } }[] };
await record('a Scale', 'GET', `/apis/apps/v1/namespaces/default/deployments/${deployments.items[0]?.metadata.name}/scale`);
const watch = '/api/v1/namespaces?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Ddefault';
await record('a watch', 'GET', watch, ['application/json', `${protobuf};stream=watch`]);
writeFileSync(fileOfEncodings, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
console.log(`${lines.length} answers in ${fileOfEncodings}`);
