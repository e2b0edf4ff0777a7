import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../client/client.ts';
import { ConfigMaps, Nodes, Pods, Secrets, ServiceAccounts } from '../../../client/kinds.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';
import { referencesOf } from './pod-references.ts';

let api: ServerFixture, admin: Client, kubelet: Client;
const uids: Record<string, string> = {};

beforeAll(async () => {
  api = await startServerFixture({ staticTokens: [{ token: 'kubelet-token', user: 'system:node:n1', groups: ['system:nodes'] }] });
  admin = api.client;
  kubelet = api.clientOf('kubelet-token');
  await admin.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
  for (const name of ['n1', 'n2']) await admin.create(Nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  for (const name of ['mine', 'theirs']) {
    await admin.create(Secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' } });
    await admin.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
    const pod = await admin.create(Pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: {
      nodeName: name === 'mine' ? 'n1' : 'n2', containers: [{ name: 'a', image: 'b', envFrom: [{ configMapRef: { name } }] }], volumes: [{ name: 'v', secret: { secretName: name } }], resourceClaims: [{ name: 'gpu', resourceClaimName: name }],
    } });
    uids[name] = pod.metadata?.uid ?? '';
  }
});

afterAll(() => api.stop());

const status = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<number> =>
  (await kubelet.raw(method, path, { ...(body && { body: JSON.stringify(body) }), headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' } })).status;
const core = '/api/v1/namespaces/default';
const token = (pod: string, uid = uids[pod]) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod, uid } } });
const lease = (name: string) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: {} });
const mirror = (spec: object, annotations: object = { 'kubernetes.io/config.mirror': 'x' }) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'mirror', annotations }, spec: { nodeName: 'n1', containers: [{ name: 'a', image: 'b' }], ...spec } });

test.for<[what: string, code: number, ask: () => Promise<number>]>([
  ['a Secret of a pod on it', 200, () => status('GET', `${core}/secrets/mine`)],
  ['a Secret of a pod elsewhere', 403, () => status('GET', `${core}/secrets/theirs`)],
  ['all Secrets', 403, () => status('GET', `${core}/secrets`)],
  ['one Secret of a pod on it, by field', 200, () => status('GET', `${core}/secrets?fieldSelector=metadata.name%3Dmine`)],
  ['one Secret of a pod elsewhere, by field', 403, () => status('GET', `${core}/secrets?fieldSelector=metadata.name%3Dtheirs`)],
  ['a ConfigMap of a pod on it', 200, () => status('GET', `${core}/configmaps/mine`)],
  ['a ConfigMap of a pod elsewhere', 403, () => status('GET', `${core}/configmaps/theirs`)],
  ['a ResourceClaim of a pod on it (there is none)', 404, () => status('GET', '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/mine')],
  ['a ResourceClaim of a pod elsewhere', 403, () => status('GET', '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/theirs')],
  ['all ResourceClaims', 403, () => status('GET', '/apis/resource.k8s.io/v1/resourceclaims')],
  ['the pods on it', 200, () => status('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1')],
  ['the pods elsewhere', 403, () => status('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn2')],
  ['all pods', 403, () => status('GET', '/api/v1/pods')],
  ['a pod on it', 200, () => status('GET', `${core}/pods/mine`)],
  ['a pod elsewhere', 403, () => status('GET', `${core}/pods/theirs`)],
  ['its node', 200, () => status('GET', '/api/v1/nodes/n1')],
  ['another node', 403, () => status('GET', '/api/v1/nodes/n2')],
  ['Services', 200, () => status('GET', '/api/v1/services')],
  ['Deployments', 403, () => status('GET', '/apis/apps/v1/deployments')],
])('a kubelet that reads %s gets %i', async ([, code, ask]) => expect(await ask()).toBe(code));

test.for<[what: string, code: number, ask: () => Promise<number>]>([
  ['the status of its node', 200, () => status('PATCH', '/api/v1/nodes/n1/status', { status: { nodeInfo: { kubeletVersion: 'v1' } } })],
  ['the status of another node', 403, () => status('PATCH', '/api/v1/nodes/n2/status', { status: { nodeInfo: { kubeletVersion: 'v1' } } })],
  ['a label of its own', 200, () => status('PATCH', '/api/v1/nodes/n1', { metadata: { labels: { 'topology.kubernetes.io/zone': 'a', mine: 'b' } } })],
  ['a label that is not its own', 403, () => status('PATCH', '/api/v1/nodes/n1', { metadata: { labels: { 'node-restriction.kubernetes.io/secure': 'yes' } } })],
  ['its role', 403, () => status('PATCH', '/api/v1/nodes/n1', { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } })],
  ['its taints', 403, () => status('PATCH', '/api/v1/nodes/n1', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } })],
  ['the status of a pod on it', 200, () => status('PATCH', `${core}/pods/mine/status`, { status: { message: 'here' } })],
  ['the status of a pod elsewhere', 403, () => status('PATCH', `${core}/pods/theirs/status`, { status: { message: 'here' } })],
  ['its lease', 201, () => status('POST', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', lease('n1'))],
  ['the lease of another node', 403, () => status('POST', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', lease('n2'))],
  ['a token for a pod on it', 201, () => status('POST', `${core}/serviceaccounts/default/token`, token('mine'))],
  ['a token for a pod elsewhere', 403, () => status('POST', `${core}/serviceaccounts/default/token`, token('theirs'))],
  ['a token for a pod of before', 403, () => status('POST', `${core}/serviceaccounts/default/token`, token('mine', 'other'))],
  ['a token for no pod', 403, () => status('POST', `${core}/serviceaccounts/default/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} })],
  ['a mirror pod', 201, () => status('POST', `${core}/pods`, mirror({}))],
  ['a pod of another sort', 403, () => status('POST', `${core}/pods`, mirror({}, {}))],
  ['a mirror pod that reads a Secret', 403, () => status('POST', `${core}/pods`, mirror({ volumes: [{ name: 'v', secret: { secretName: 'theirs' } }] }))],
  ['a mirror pod elsewhere', 403, () => status('POST', `${core}/pods`, mirror({ nodeName: 'n2' }))],
  ['an eviction of a pod elsewhere', 403, () => status('POST', `${core}/pods/theirs/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'theirs' } })],
  ['the end of a pod elsewhere', 403, () => status('DELETE', `${core}/pods/theirs`)],
  ['the end of a pod on it', 200, () => status('DELETE', `${core}/pods/mine?gracePeriodSeconds=0`)],
  ['a Secret of a pod that is gone', 403, () => status('GET', `${core}/secrets/mine`)],
])('a kubelet that writes %s gets %i', async ([, code, ask]) => expect(await ask()).toBe(code));

test('what a pod names is found wherever it names it', () => {
  const { secrets, configMaps, claims, serviceAccount } = referencesOf({ metadata: { name: 'p' }, spec: {
    serviceAccountName: 'sa', imagePullSecrets: [{ name: 's1' }],
    containers: [{ env: [{ valueFrom: { secretKeyRef: { name: 's2', key: 'k' } } }, { valueFrom: { configMapKeyRef: { name: 'c1', key: 'k' } } }], envFrom: [{ secretRef: { name: 's3' } }, { configMapRef: { name: 'c2' } }] }],
    initContainers: [{ envFrom: [{ secretRef: { name: 's4' } }] }],
    volumes: [
      { name: 'a', secret: { secretName: 's5' } }, { name: 'b', projected: { sources: [{ secret: { name: 's6' } }, { configMap: { name: 'c3' } }] } }, { name: 'c', configMap: { name: 'c4' } },
      { name: 'd', csi: { nodePublishSecretRef: { name: 's7' } } }, { name: 'e', persistentVolumeClaim: { claimName: 'p1' } }, { name: 'f', ephemeral: { volumeClaimTemplate: {} } }, { name: 'g', azureFile: { secretName: 's8' } },
    ],
  } });
  expect([...secrets].sort()).toEqual(['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8']);
  expect([...configMaps].sort()).toEqual(['c1', 'c2', 'c3', 'c4']);
  expect([...claims].sort()).toEqual(['p-f', 'p1']);
  expect(serviceAccount).toBe('sa');
});
