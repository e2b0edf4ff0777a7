import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../../client/client.ts';
import { Deployments, Pods, ServiceAccounts } from '../../../../client/kinds.ts';
import { resource } from '../../../../client/resource.ts';
import { startServerFixture, type ServerFixture } from '../../server-fixture.ts';
import { startWebhookServer, type Review, type WebhookServer } from './webhook-server.ts';

const group = 'admissionregistration.k8s.io';
const Mutating = resource(group, 'v1', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', false);
const Validating = resource(group, 'v1', 'validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', false);
const Policies = resource(group, 'v1', 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', false);
const Bindings = resource(group, 'v1', 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', false);
const subresources = ['deployments/scale', 'pods/binding', 'pods/eviction', 'serviceaccounts/token'];

let api: ServerFixture, client: Client, hooks: WebhookServer;
const seen: { what: string; object: unknown }[] = [];

beforeAll(async () => {
  api = await startServerFixture();
  client = api.client;
  hooks = await startWebhookServer([]);
  await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
  await client.create(Deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace: 'default' }, spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'b' }] } } } });
  await client.create(Pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'a', image: 'b' }] } });
  const patches: Record<string, object> = {
    Scale: { op: 'replace', path: '/spec/replicas', value: 3 }, Binding: { op: 'add', path: '/metadata/annotations', value: { bound: 'by-hook' } },
    Eviction: { op: 'add', path: '/deleteOptions', value: { preconditions: { uid: 'another' } } }, TokenRequest: { op: 'replace', path: '/spec/expirationSeconds', value: 1200 },
  };
  const clientConfig = hooks.serve('/mutate', (review: Review) => {
    const { kind } = review.request['kind'] as { kind: string };
    seen.push({ what: `mutating ${review.request['operation']} ${kind}`, object: review.request['object'] });
    const patch = patches[kind];
    return { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: review.request.uid, allowed: true, ...(patch && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify([patch])).toString('base64') }) } };
  });
  const watching = hooks.serve('/validate', (review: Review) => {
    const { kind } = review.request['kind'] as { kind: string };
    seen.push({ what: `validating ${review.request['operation']} ${kind}`, object: review.request['object'] });
    return { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: review.request.uid, allowed: true } };
  });
  const hook = (config: object) => ({ name: 'hook.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None', clientConfig: config, rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: [...subresources, 'deployments', 'pods'] }] });
  await client.create(Mutating, { apiVersion: `${group}/v1`, kind: 'MutatingWebhookConfiguration', metadata: { name: 'subresources' }, webhooks: [hook(clientConfig)] } as never);
  await client.create(Validating, { apiVersion: `${group}/v1`, kind: 'ValidatingWebhookConfiguration', metadata: { name: 'subresources' }, webhooks: [hook(watching)] } as never);
});

afterAll(async () => {
  await api.stop();
  await hooks.close();
});

async function send(method: 'POST' | 'PUT', path: string, body: object): Promise<{ status: number; body: Record<string, never> }> {
  seen.length = 0;
  const answer = await client.raw(method, path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  return { status: answer.status, body: JSON.parse(answer.body.toString()) as Record<string, never> };
}
const asked = (): string[] => seen.map(({ what }) => what);

test('a Scale is patched and validated, and the object that it scales is not asked about again', async () => {
  expect(await send('PUT', '/apis/apps/v1/namespaces/default/deployments/d/scale', { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd', namespace: 'default' }, spec: { replicas: 2 } })).toMatchObject({ status: 200, body: { spec: { replicas: 3 } } });
  expect(asked()).toEqual(['mutating UPDATE Scale', 'validating UPDATE Scale']);
  expect(seen[1]?.object).toMatchObject({ spec: { replicas: 3 } });
  expect((await client.get(Deployments, { namespace: 'default', name: 'd' })).spec?.replicas).toBe(3);
});

test('a TokenRequest is patched', async () => {
  expect(await send('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } })).toMatchObject({ status: 201, body: { spec: { expirationSeconds: 1200 } } });
  expect(asked()).toEqual(['mutating CREATE TokenRequest', 'validating CREATE TokenRequest']);
});

test('a Binding is patched', async () => {
  expect(await send('POST', '/api/v1/namespaces/default/pods/p/binding', { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } })).toMatchObject({ status: 201 });
  expect(asked()).toEqual(['mutating CREATE Binding', 'validating CREATE Binding']);
  expect(await client.get(Pods, { namespace: 'default', name: 'p' })).toMatchObject({ metadata: { annotations: { bound: 'by-hook' } }, spec: { nodeName: 'n' } });
});

test('an Eviction is patched, and the deletion that follows is not asked about again', async () => {
  expect(await send('POST', '/api/v1/namespaces/default/pods/p/eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p', namespace: 'default' } })).toMatchObject({ status: 409, body: { message: expect.stringContaining('UID in precondition: another') } });
  expect(asked()).toEqual(['mutating CREATE Eviction', 'validating CREATE Eviction']);
});

test('policies come after mutating webhooks and before validating ones', async () => {
  await client.create(Policies, { apiVersion: `${group}/v1`, kind: 'ValidatingAdmissionPolicy', metadata: { name: 'few' }, spec: {
    matchConstraints: { resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments', 'deployments/scale'] }] }, validations: [{ expression: 'object.spec.replicas < 3' }],
  } } as never);
  await client.create(Bindings, { apiVersion: `${group}/v1`, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name: 'few' }, spec: { policyName: 'few', validationActions: ['Deny'] } } as never);
  expect(await send('PUT', '/apis/apps/v1/namespaces/default/deployments/d/scale', { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd', namespace: 'default' }, spec: { replicas: 1 } })).toMatchObject({ status: 422 });
  expect(asked()).toEqual(['mutating UPDATE Scale']);
  seen.length = 0;
  await expect(client.patch(Deployments, { namespace: 'default', name: 'd' }, { spec: { replicas: 4 } })).rejects.toMatchObject({ code: 422 });
  expect(asked()).toEqual(['mutating UPDATE Deployment']);
});
