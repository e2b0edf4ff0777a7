import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../../client/client.ts';
import { ConfigMaps, CustomResourceDefinitions, EndpointSlices, Namespaces, Pods, ServiceAccounts, Services } from '../../../../client/kinds.ts';
import { resource } from '../../../../client/resource.ts';
import { startServerFixture, type ServerFixture } from '../../server-fixture.ts';
import { startWebhookServer, type Review, type WebhookServer } from './webhook-server.ts';

const configurations = {
  Mutating: resource('admissionregistration.k8s.io', 'v1', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', false),
  Validating: resource('admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', false),
};

let api: ServerFixture, client: Client, hooks: WebhookServer;

beforeAll(async () => {
  api = await startServerFixture({ loopbackAddresses: true });
  client = api.client;
  hooks = await startWebhookServer(['guard.default.svc']);
});

afterAll(async () => {
  await api.stop();
  await hooks.close();
});

const allow = ({ request }: Review, more: object = {}) => ({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: request.uid, allowed: true, ...more } });
const refuse = ({ request }: Review, status: object) => ({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: request.uid, allowed: false, status } });
const patching = (...operations: object[]) => ({ patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') });
const configMap = (namespace: string, name: string, data: Record<string, string> = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data });

let count = 0;

/** Runs with webhooks for the config maps of a namespace of its own; they are gone afterwards. */
async function withHooks(type: keyof typeof configurations, given: readonly Record<string, unknown>[], run: (namespace: string) => Promise<void>): Promise<void> {
  const name = `hooks-${++count}`, kind = configurations[type];
  await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { space: name } } });
  const webhooks = given.map((hook, i) => ({
    name: `hook-${i}.${name}.example.com`, admissionReviewVersions: ['v1'], sideEffects: 'None', namespaceSelector: { matchLabels: { space: name } },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['configmaps', 'pods'] }], ...hook,
  }));
  await client.create(kind, { apiVersion: 'admissionregistration.k8s.io/v1', kind: `${type}WebhookConfiguration`, metadata: { name }, webhooks } as never);
  try {
    await run(name);
  } finally {
    await client.delete(kind, { name });
  }
}

test('a validating webhook sees who asks for what, and its refusal is the answer', async () => {
  const seen: Review[] = [];
  const clientConfig = hooks.serve('/refuse', (review) => {
    seen.push(review);
    return review.request['name'] === 'bad' ? refuse(review, { code: 418, reason: 'NoTea', message: 'bad names are for others' }) : allow(review, { warnings: ['this is watched'] });
  });
  await withHooks('Validating', [{ clientConfig }], async (namespace) => {
    await expect(client.create(ConfigMaps, configMap(namespace, 'bad', { a: '1' }))).rejects.toMatchObject({ code: 418, reason: 'NoTea', message: expect.stringMatching(/admission webhook "hook-0\..*" denied the request: bad names are for others/) });
    expect(seen[0]).toMatchObject({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { operation: 'CREATE', kind: { group: '', version: 'v1', kind: 'ConfigMap' }, resource: { group: '', version: 'v1', resource: 'configmaps' }, namespace, name: 'bad', userInfo: { username: 'admin' }, object: { data: { a: '1' } }, oldObject: null, dryRun: false } });
    const answer = await client.raw('POST', `/api/v1/namespaces/${namespace}/configmaps`, { body: JSON.stringify(configMap(namespace, 'good')), headers: { 'content-type': 'application/json' } });
    expect([answer.status, String(answer.headers['warning'])]).toEqual([201, expect.stringContaining('this is watched')]);
    await client.delete(ConfigMaps, { namespace, name: 'good' });
    expect(seen.at(-1)?.request).toMatchObject({ operation: 'DELETE', object: null, oldObject: { metadata: { name: 'good' } } });
  });
});

test('mutating webhooks patch one after the other; what they make is validated and stored', async () => {
  const first = hooks.serve('/first', (review) => allow(review, patching({ op: 'add', path: '/data', value: { by: 'first' } })));
  const second = hooks.serve('/second', (review) => allow(review, patching({ op: 'add', path: '/data/saw', value: review.request['object'].data.by })));
  await withHooks('Mutating', [{ clientConfig: first }, { clientConfig: second }], async (namespace) => {
    expect((await client.create(ConfigMaps, configMap(namespace, 'a'))).data).toEqual({ by: 'first', saw: 'first' });
    expect((await client.patch(ConfigMaps, { namespace, name: 'a' }, { data: { by: 'me' } })).data).toEqual({ by: 'first', saw: 'first' });
    expect((await client.get(ConfigMaps, { namespace, name: 'a' })).data).toEqual({ by: 'first', saw: 'first' });
  });
  const broken = hooks.serve('/broken', (review) => allow(review, patching({ op: 'add', path: '/data', value: { 'not a key!': '1' } })));
  await withHooks('Mutating', [{ clientConfig: broken }], async (namespace) => {
    await expect(client.create(ConfigMaps, configMap(namespace, 'a'))).rejects.toMatchObject({ code: 422 });
  });
});

test('a webhook that asks for it is called again after a later one changed the object, once', async () => {
  let calls = 0;
  const counting = hooks.serve('/counting', (review) => {
    calls++;
    return allow(review, patching({ op: 'add', path: '/metadata/annotations', value: { calls: String(calls) } }));
  });
  const later = hooks.serve('/later', (review) => allow(review, patching({ op: 'add', path: '/data', value: { later: 'yes' } })));
  await withHooks('Mutating', [{ clientConfig: counting, reinvocationPolicy: 'IfNeeded' }, { clientConfig: later }], async (namespace) => {
    expect(await client.create(ConfigMaps, configMap(namespace, 'a'))).toMatchObject({ metadata: { annotations: { calls: '2' } }, data: { later: 'yes' } });
    expect(calls).toBe(2);
  });
});

test('a container that a webhook adds gets the service account token, as those of the client do', async () => {
  const sidecar = hooks.serve('/sidecar', (review) => allow(review, patching({ op: 'add', path: '/spec/containers/-', value: { name: 'sidecar', image: 'proxy' } })));
  await withHooks('Mutating', [{ clientConfig: sidecar }], async (namespace) => {
    await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
    const pod = await client.create(Pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace }, spec: { containers: [{ name: 'a', image: 'b' }] } });
    expect(pod.spec?.containers.map((c) => [c.name, c.imagePullPolicy, c.volumeMounts?.length])).toEqual([['a', 'Always', 1], ['sidecar', 'Always', 1]]);
    expect(pod.spec?.volumes).toHaveLength(1);
  });
});

test.for([
  { when: 'it hangs', path: '/hang', answer: () => undefined, timeoutSeconds: 1, message: '/hang?timeout=1s": no answer within 1 s (context deadline exceeded)' },
  { when: 'it answers no JSON', path: '/rubbish', answer: () => '<html>', message: 'not JSON' },
  { when: 'it answers another kind', path: '/kind', answer: () => ({ kind: 'Status' }), message: 'no response' },
  { when: 'it answers for another request', path: '/other', answer: () => ({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: 'other', allowed: true } }), message: 'is for request "other"' },
  { when: 'it fails', path: '/fails', answer: () => 503, message: 'answered 503' },
  { when: 'it patches in another way', path: '/patch', answer: (review: Review) => allow(review, { patch: 'e30=', patchType: 'Merge' }), message: 'not JSONPatch' },
])('when $when its failure policy decides', async ({ path, answer, timeoutSeconds = 10, message }) => {
  const clientConfig = hooks.serve(path, answer as never);
  await withHooks('Validating', [{ clientConfig, timeoutSeconds }], async (namespace) => {
    await expect(client.create(ConfigMaps, configMap(namespace, 'a'))).rejects.toMatchObject({ code: 500, reason: 'InternalError', message: expect.stringContaining(message) });
  });
  await withHooks('Validating', [{ clientConfig, timeoutSeconds, failurePolicy: 'Ignore' }], async (namespace) => void (await client.create(ConfigMaps, configMap(namespace, 'a'))));
});

test('a certificate of another authority, and a port where nobody listens, are failures', async () => {
  const { url } = hooks.serve('/fine', (review) => allow(review));
  for (const clientConfig of [{ url, caBundle: Buffer.from(api.server.caPem).toString('base64') }, { url: 'https://127.0.0.1:1/x', caBundle: hooks.caBundle }]) {
    await withHooks('Validating', [{ clientConfig }], async (namespace) => {
      await expect(client.create(ConfigMaps, configMap(namespace, 'a'))).rejects.toMatchObject({ code: 500, message: expect.stringContaining('failed calling webhook') });
    });
  }
});

test('a webhook behind a Service is reached at a ready endpoint, under the service\'s name', async () => {
  hooks.serve('/guard', (review) => refuse(review, { message: 'guarded' }));
  await client.create(Services, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'guard', namespace: 'default' }, spec: { ports: [{ name: 'https', port: 8443 }] } });
  const clientConfig = { service: { namespace: 'default', name: 'guard', path: '/guard', port: 8443 }, caBundle: hooks.caBundle };
  await withHooks('Validating', [{ clientConfig }], async (namespace) => {
    await expect(client.create(ConfigMaps, configMap(namespace, 'a'))).rejects.toMatchObject({ message: expect.stringContaining('no endpoint of service default/guard is ready') });
    await client.create(EndpointSlices, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'guard-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'guard' } }, addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }], ports: [{ name: 'https', port: hooks.port, protocol: 'TCP' }] });
    await expect(client.create(ConfigMaps, configMap(namespace, 'a'))).rejects.toMatchObject({ code: 400, message: expect.stringContaining('denied the request: guarded') });
  });
});

test('match conditions and object selectors spare a webhook the call; its own configuration never meets it', async () => {
  const seen: string[] = [];
  const clientConfig = hooks.serve('/narrow', (review) => {
    seen.push(review.request['name'] as string);
    return refuse(review, { message: 'no' });
  });
  await withHooks('Validating', [
    { clientConfig, matchConditions: [{ name: 'marked', expression: "object != null && has(object.data) && 'mark' in object.data" }] },
    { clientConfig, objectSelector: { matchLabels: { strict: 'yes' } } },
    { clientConfig, namespaceSelector: {}, rules: [{ apiGroups: ['admissionregistration.k8s.io'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }] },
  ], async (namespace) => {
    await client.create(ConfigMaps, configMap(namespace, 'plain'));
    await expect(client.create(ConfigMaps, configMap(namespace, 'marked', { mark: '1' }))).rejects.toMatchObject({ code: 400 });
    await expect(client.create(ConfigMaps, { ...configMap(namespace, 'strict'), metadata: { name: 'strict', namespace, labels: { strict: 'yes' } } })).rejects.toMatchObject({ code: 400 });
  });
  expect(seen).toEqual(['marked', 'strict']);
});

test('a write that comes in while a webhook thinks is not lost', async () => {
  const clientConfig = hooks.serve('/marking', (review) => allow(review, patching({ op: 'add', path: '/metadata/annotations', value: { seen: 'yes' } })));
  await withHooks('Mutating', [{ clientConfig }], async (namespace) => {
    await client.create(ConfigMaps, configMap(namespace, 'a', { n: '0' }));
    const updates = Array.from({ length: 8 }, (_, i) => client.patch(ConfigMaps, { namespace, name: 'a' }, { data: { [`k${i}`]: '1' } }).then(() => `k${i}`, (error: { code?: number }) => (error.code === 409 ? undefined : Promise.reject(error as Error))));
    const done = (await Promise.all(updates)).filter((k) => k !== undefined);
    expect(done.length).toBeGreaterThan(0);
    const { data } = await client.get(ConfigMaps, { namespace, name: 'a' });
    expect(Object.keys(data ?? {}).filter((k) => k.startsWith('k')).sort()).toEqual(done.sort());
  });
});

test('a dry run reaches webhooks as one', async () => {
  const seen: boolean[] = [];
  const clientConfig = hooks.serve('/dry', (review) => {
    seen.push(review.request['dryRun'] as boolean);
    return allow(review);
  });
  await withHooks('Validating', [{ clientConfig }], async (namespace) => {
    const answer = await client.raw('POST', `/api/v1/namespaces/${namespace}/configmaps?dryRun=All`, { body: JSON.stringify(configMap(namespace, 'a')), headers: { 'content-type': 'application/json' } });
    expect([answer.status, seen]).toEqual([201, [true]]);
  });
});

test('the built-in namespaces stay', async () => {
  await expect(client.delete(Namespaces, { name: 'default' })).rejects.toMatchObject({ code: 403 });
});

test('a webhook that knows an older version sees writes of the newer one in it, and its patches come back', async () => {
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v2', schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' }, by: { type: 'string' } } } } } } }));
  await client.create(CustomResourceDefinitions, { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'nuts.webhooks.example.com' }, spec: { group: 'webhooks.example.com', scope: 'Namespaced', names: { plural: 'nuts', kind: 'Nut', singular: 'nut', listKind: 'NutList' }, versions } } as never);
  const seen: unknown[] = [];
  const clientConfig = hooks.serve('/older', (review) => {
    const { kind, requestKind, object } = review.request;
    seen.push([kind.version, requestKind.version, object.apiVersion]);
    return allow(review, patching({ op: 'add', path: '/spec/by', value: 'hook' }));
  });
  const rules = [{ apiGroups: ['webhooks.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nuts'] }];
  const Nuts = resource('webhooks.example.com', 'v2', 'nuts', 'Nut');
  const nut = (namespace: string, name: string) => ({ apiVersion: 'webhooks.example.com/v2', kind: 'Nut', metadata: { name, namespace }, spec: { size: 1 } }) as never;
  await withHooks('Mutating', [{ clientConfig, rules }], async (namespace) => {
    expect(await client.create(Nuts, nut(namespace, 'a'))).toMatchObject({ apiVersion: 'webhooks.example.com/v2', spec: { size: 1, by: 'hook' } });
  });
  await withHooks('Mutating', [{ clientConfig, rules, matchPolicy: 'Exact' }], async (namespace) => {
    expect(await client.create(Nuts, nut(namespace, 'a'))).not.toHaveProperty('spec.by');
  });
  expect(seen).toEqual([['v1', 'v2', 'webhooks.example.com/v1']]);
});
