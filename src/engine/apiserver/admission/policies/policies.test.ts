import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Client } from '../../../../client/client.ts';
import { ConfigMaps, Deployments, Namespaces, Pods, ServiceAccounts } from '../../../../client/kinds.ts';
import { resource } from '../../../../client/resource.ts';
import { ADMIN_TOKEN, startServerFixture, type ServerFixture } from '../../server-fixture.ts';

const Policies = resource('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', false);
const Bindings = resource('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', false);

let api: ServerFixture, client: Client;
const audited: { annotations?: Record<string, string>; objectRef?: { name?: string; resource?: string } }[] = [];

beforeAll(async () => {
  api = await startServerFixture({
    audit: { policy: { omitStages: [], rules: [{ level: 'Metadata' }] }, sink: { write: (line: string) => void audited.push(JSON.parse(line) as never) } } as never,
  });
  client = api.client;
});

afterAll(() => api.stop());

interface Bound { readonly policy: Record<string, unknown>; readonly binding?: Record<string, unknown> }

let count = 0;

/** Runs with a policy for config maps of a namespace of its own, bound to deny; both are gone afterwards. */
async function withPolicy({ policy, binding = {} }: Bound, run: (namespace: string, name: string) => Promise<void>, labels: Record<string, string> = {}): Promise<void> {
  const name = `rule-${++count}.example.com`, namespace = `space-${count}`;
  await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { space: namespace, ...labels } } });
  const spec = {
    matchConstraints: { namespaceSelector: { matchLabels: { space: namespace } }, resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }] }, ...policy,
  };
  await client.create(Policies, { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name }, spec } as never);
  await client.create(Bindings, { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: name, validationActions: ['Deny'], ...binding } } as never);
  try {
    await run(namespace, name);
  } finally {
    await client.delete(Bindings, { name });
    await client.delete(Policies, { name });
  }
}

const configMap = (namespace: string, name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data });
const refused = (code: number, text: string) => expect.objectContaining({ code, message: expect.stringContaining(text) }) as Error;

test('a request that a bound policy forbids is refused with its message, others pass', () => withPolicy({ policy: { validations: [{ expression: "object.data.size() <= 1", messageExpression: "'at most 1 key, not ' + string(object.data.size())" }] } }, async (namespace, name) => {
  await expect(client.create(ConfigMaps, configMap(namespace, 'two', { a: '1', b: '2' }))).rejects.toMatchObject({ code: 422, reason: 'Invalid', message: expect.stringContaining(`ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request: at most 1 key, not 2`) });
  await client.create(ConfigMaps, configMap(namespace, 'one', { a: '1' }));
  await expect(client.patch(ConfigMaps, { namespace, name: 'one' }, { data: { b: '2' } })).rejects.toEqual(refused(422, 'not 2'));
  await client.create(ConfigMaps, configMap('default', `${namespace}-elsewhere`, { a: '1', b: '2' }));
}));

test.for([['Forbidden', 403], ['Unauthorized', 401], ['RequestEntityTooLarge', 413]] as const)('the reason %s becomes the code %d', ([reason, code]) =>
  withPolicy({ policy: { validations: [{ expression: 'false', message: 'never', reason }] } }, async (namespace) => {
    await expect(client.create(ConfigMaps, configMap(namespace, 'a'))).rejects.toMatchObject({ code, reason, message: expect.stringContaining('never') });
  }));

test('variables build on each other and on what the request says of its user, namespace and old object', () => withPolicy({
  policy: {
    variables: [{ name: 'tier', expression: "namespaceObject.metadata.labels.tier" }, { name: 'keys', expression: "object.data.map(k, variables.tier + '-' + k)" }],
    validations: [
      { expression: "variables.keys.all(k, k.startsWith('gold-'))", message: 'tier' }, { expression: "request.userInfo.username == 'admin' && request.operation in ['CREATE', 'UPDATE'] && request.kind.kind == 'ConfigMap'", message: 'request' },
      { expression: "oldObject == null || oldObject.data.size() <= object.data.size()", message: 'never fewer keys' }, { expression: "authorizer.group('').resource('secrets').namespace('default').check('get').allowed()", message: 'access' },
    ],
  },
}, async (namespace) => {
  await client.create(ConfigMaps, configMap(namespace, 'a', { a: '1', b: '2' }));
  await expect(client.patch(ConfigMaps, { namespace, name: 'a' }, { data: { b: null } })).rejects.toEqual(refused(422, 'never fewer keys'));
}, { tier: 'gold' }));

test('an error refuses the request unless the policy says to ignore it', async () => {
  const policy = { validations: [{ expression: "object.metadata.labels.owner != ''" }] };
  await withPolicy({ policy }, async (namespace) => {
    await expect(client.create(ConfigMaps, configMap(namespace, 'a'))).rejects.toEqual(refused(422, 'No such key'));
  });
  await withPolicy({ policy: { ...policy, failurePolicy: 'Ignore' } }, async (namespace) => void (await client.create(ConfigMaps, configMap(namespace, 'a'))));
});

test('match conditions narrow a policy', () => withPolicy({ policy: { matchConditions: [{ name: 'marked', expression: "object.?data.mark.hasValue()" }], validations: [{ expression: 'false', message: 'marked ones never' }] } }, async (namespace) => {
  await client.create(ConfigMaps, configMap(namespace, 'plain', { a: '1' }));
  await expect(client.create(ConfigMaps, configMap(namespace, 'marked', { mark: '1' }))).rejects.toEqual(refused(422, 'marked ones never'));
}));

test('a binding narrows its policy by labels of the object and by excluded resources', () => withPolicy({
  policy: { validations: [{ expression: 'false', message: 'never' }] }, binding: { matchResources: { objectSelector: { matchLabels: { strict: 'yes' } }, excludeResourceRules: [{ apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: ['*'], resourceNames: ['spared'] }] } },
}, async (namespace) => {
  await client.create(ConfigMaps, configMap(namespace, 'loose'));
  await client.create(ConfigMaps, configMap(namespace, 'spared', {}, { strict: 'yes' }));
  await expect(client.create(ConfigMaps, configMap(namespace, 'strict', {}, { strict: 'yes' }))).rejects.toEqual(refused(422, 'never'));
}));

test('Warn lets a request pass with a warning, Audit with a note in the audit log', () => withPolicy({
  policy: { validations: [{ expression: "object.data.size() == 0", message: 'keys are for later' }], auditAnnotations: [{ key: 'keys', valueExpression: 'string(object.data.size())' }] }, binding: { validationActions: ['Warn', 'Audit'] },
}, async (namespace, name) => {
  const answer = await client.raw('POST', `/api/v1/namespaces/${namespace}/configmaps`, { body: JSON.stringify(configMap(namespace, 'a', { a: '1' })), headers: { 'content-type': 'application/json' } });
  expect(answer.status).toBe(201);
  expect(String(answer.headers['warning'])).toContain('keys are for later');
  await expect.poll(() => audited.find((e) => e.annotations !== undefined)?.annotations).toEqual({
    [`${name}/keys`]: '1',
    'validation.policy.admission.k8s.io/validation_failure': JSON.stringify([{ message: 'keys are for later', policy: name, binding: name, expressionIndex: 0, validationActions: ['Warn', 'Audit'] }]),
  });
}));

test('a policy takes its limits from the objects that its binding names', async () => {
  const limits = { apiVersion: 'v1', kind: 'ConfigMap' };
  await client.create(ConfigMaps, configMap('default', 'limits', { keys: '2' }));
  const policy = { paramKind: limits, validations: [{ expression: 'object.data.size() <= int(params.data.keys)', message: 'too many keys' }] };
  await withPolicy({ policy, binding: { paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } } }, async (namespace) => {
    await client.create(ConfigMaps, configMap(namespace, 'two', { a: '1', b: '2' }));
    await expect(client.create(ConfigMaps, configMap(namespace, 'three', { a: '1', b: '2', c: '3' }))).rejects.toEqual(refused(422, 'too many keys'));
  });
  await withPolicy({ policy, binding: { paramRef: { name: 'absent', namespace: 'default', parameterNotFoundAction: 'Deny' } } }, async (namespace) => {
    await expect(client.create(ConfigMaps, configMap(namespace, 'a'))).rejects.toEqual(refused(422, 'paramRef absent'));
  });
  await withPolicy({ policy, binding: { paramRef: { selector: { matchLabels: { no: 'such' } }, parameterNotFoundAction: 'Allow' } } }, async (namespace) => void (await client.create(ConfigMaps, configMap(namespace, 'a'))));
});

test('deletions are held to a policy by the old object, subresources where a rule names them, a policy itself never', async () => {
  await withPolicy({ policy: { matchConstraints: { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['DELETE'], resources: ['configmaps', 'validatingadmissionpolicies'] }] }, validations: [{ expression: "!has(oldObject.data) || oldObject.data.?keep.orValue('') != 'yes'", message: 'this one stays' }] } }, async (namespace) => {
    await client.create(ConfigMaps, configMap(namespace, 'kept', { keep: 'yes' }));
    await client.create(ConfigMaps, configMap(namespace, 'free'));
    await expect(client.delete(ConfigMaps, { namespace, name: 'kept' })).rejects.toEqual(refused(422, 'this one stays'));
    await client.delete(ConfigMaps, { namespace, name: 'free' });
  });
  await withPolicy({ policy: { matchConstraints: { resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments/status'] }] }, validations: [{ expression: 'false', message: 'no status' }] } }, async (namespace) => {
    const labels = { app: 'x' };
    await client.create(Deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'b' }] } } } });
    await client.patch(Deployments, { namespace, name: 'd' }, { spec: { replicas: 2 } });
    await expect(client.patch(Deployments, { namespace, name: 'd' }, { status: { observedGeneration: 1 } }, { subresource: 'status' })).rejects.toEqual(refused(422, 'no status'));
  });
});

test('who may connect to a pod is for policies as well', () => withPolicy({
  policy: { matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CONNECT'], resources: ['pods/exec', 'pods/attach'] }] }, validations: [{ expression: "request.subResource != 'exec' || !('rm' in object.command)", message: 'not this command', reason: 'Forbidden' }] },
}, async (namespace) => {
  const connect = (rest: string): Promise<number | undefined> => new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'sec-websocket-protocol': 'v5.channel.k8s.io' };
    const call = httpsRequest(`${api.server.url}/api/v1/namespaces/${namespace}/pods/p/${rest}`, { ca: api.server.caPem, headers, agent: false }, (answer) => { answer.resume(); resolve(answer.statusCode); });
    call.on('error', reject).end();
  });
  expect(await connect('exec?command=rm&container=a')).toBe(403);
  // Let through: what is missing is the pod.
  expect(await connect('exec?command=ls&container=a')).toBe(404);
  expect(await connect('attach')).toBe(404);
}));

test('subresources with kinds of their own are for policies as well: scale, eviction, token', () => withPolicy({
  policy: {
    matchConstraints: { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['deployments/scale', 'pods/eviction', 'serviceaccounts/token'] }] },
    validations: [{ expression: "request.kind.kind != 'Scale' || object.spec.replicas <= oldObject.spec.replicas + 1", message: 'one at a time' }, { expression: "request.kind.kind == 'Scale' || (request.kind.kind == 'TokenRequest' && object.spec.?expirationSeconds.orValue(3600) <= 3600)", message: 'not so' }],
  },
}, async (namespace) => {
  const labels = { app: 'x' };
  await client.create(Deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'b' }] } } } });
  const scale = (replicas: number) => client.patch(Deployments, { namespace, name: 'd' }, { spec: { replicas } }, { subresource: 'scale', type: 'merge' } as never);
  await scale(2);
  await expect(scale(9)).rejects.toEqual(refused(422, 'one at a time'));
  expect((await client.get(Deployments, { namespace, name: 'd' })).spec?.replicas).toBe(2);
  await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
  const post = (path: string, body: object) => client.raw('POST', `/api/v1/namespaces/${namespace}/${path}`, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  const token = (expirationSeconds: number) => post('serviceaccounts/default/token', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds } });
  expect([(await token(3600)).status, (await token(7200)).status]).toEqual([201, 422]);
  await client.create(Pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace }, spec: { containers: [{ name: 'a', image: 'b' }] } });
  expect((await post('pods/p/eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } })).status).toBe(422);
  await client.get(Pods, { namespace, name: 'p' });
}));

test('the status of a policy says what its expressions get wrong about the kinds that it names, for each generation', async () => {
  const spec = (expression: string): object => ({ matchConstraints: { resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }] }, validations: [{ expression }] });
  const status = async (): Promise<unknown> => ((await client.get(Policies, { name: 'checked' })) as unknown as { status?: unknown }).status;
  await client.create(Policies, { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name: 'checked' }, spec: spec('object.spec.replica > 1') } as never);
  await vi.waitFor(async () => expect(await status()).toMatchObject({ observedGeneration: 1, typeChecking: { expressionWarnings: [{ fieldRef: 'spec.validations[0].expression', warning: expect.stringContaining('apps/v1, Kind=Deployment') }] } }), { timeout: 30_000 });
  await client.patch(Policies, { name: 'checked' }, { spec: { validations: [{ expression: 'object.spec.replicas > 1' }] } });
  await vi.waitFor(async () => expect(await status()).toEqual({ observedGeneration: 2, typeChecking: {} }), { timeout: 30_000 });
});
