import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../../client/https-client.ts';
import { Nodes, Pods, ServiceAccounts } from '../../../client/kinds.ts';
import { resource } from '../../../client/resource.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';

let api: ServerFixture;
beforeAll(async () => { api = await startServerFixture(); });
afterAll(() => api.stop());

const namespace = 'default';

async function tokenFor(boundObjectRef: object): Promise<string> {
  const answer = await api.client.createSubresource(ServiceAccounts, { namespace, name: 'default' }, 'token', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } }) as { status: { token: string } };
  return answer.status.token;
}

async function extraOf(token: string): Promise<Record<string, string[]>> {
  const client = createClient({ server: api.server.url, caPem: api.server.caPem, token });
  const reviews = resource('authentication.k8s.io', 'v1', 'selfsubjectreviews', 'SelfSubjectReview', false);
  const review = await client.create(reviews, { metadata: {} }) as { status?: { userInfo: { extra: Record<string, string[]> } } };
  client.close();
  return review.status!.userInfo.extra;
}

test('a token tells the pod that it is bound to, and the node that this runs on', async () => {
  await api.client.create(ServiceAccounts, { metadata: { namespace, name: 'default' } });
  const node = await api.client.create(Nodes, { metadata: { name: 'node-1' } });
  const pod = await api.client.create(Pods, { metadata: { namespace, name: 'web' }, spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'i' }] } });
  const extra = await extraOf(await tokenFor({ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: pod.metadata?.uid }));
  expect(extra).toMatchObject({
    'authentication.kubernetes.io/pod-name': ['web'], 'authentication.kubernetes.io/pod-uid': [pod.metadata?.uid],
    'authentication.kubernetes.io/node-name': ['node-1'], 'authentication.kubernetes.io/node-uid': [node.metadata?.uid],
  });
});

test('a token that is bound to a node dies with it; one that is bound to a pod there lives on', async () => {
  const byNode = await tokenFor({ apiVersion: 'v1', kind: 'Node', name: 'node-1' });
  const byPod = await tokenFor({ apiVersion: 'v1', kind: 'Pod', name: 'web' });
  expect(await extraOf(byNode)).toMatchObject({ 'authentication.kubernetes.io/node-name': ['node-1'] });
  await api.client.delete(Nodes, { name: 'node-1' });
  await expect(extraOf(byNode)).rejects.toThrow();
  expect(await extraOf(byPod)).toMatchObject({ 'authentication.kubernetes.io/node-name': ['node-1'] });
});
