import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../client/client.ts';
import { createClient } from '../../../client/https-client.ts';
import { CertificateSigningRequests } from '../../../client/kinds.ts';
import type { CertificateSigningRequest } from '../../../kubernetes/types.generated.ts';
import { startServerFixture, type ServerFixture } from '../../apiserver/server-fixture.ts';
import type { ApiServer } from '../../apiserver/start.ts';
import { certificateSigningController } from './controller.ts';
import { refusal } from './signer-rules.ts';

x509.cryptoProvider.set(webcrypto);
let api: ServerFixture;
let server: ApiServer;
let admin: Client;

beforeAll(async () => {
  api = await startServerFixture({
    staticTokens: [{ token: 'other-token', user: 'other', groups: [] }, { token: 'n1-token', user: 'system:node:n1', groups: ['system:nodes'] }, { token: 'joining-token', user: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] }],
    access: {
      clusterroles: [{ metadata: { name: 'requests' }, rules: [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests', 'certificatesigningrequests/approval', 'certificatesigningrequests/status'], verbs: ['*'] }] } as never],
      clusterrolebindings: [{ metadata: { name: 'renew' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient' }, subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:nodes' }] } as never, {
        metadata: { name: 'join' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient' }, subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:bootstrappers' }],
      } as never, { metadata: { name: 'ask' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node-bootstrapper' }, subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:bootstrappers' }] } as never, { metadata: { name: 'requests' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'requests' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'other' }] } as never],
    },
  });
  ({ server, client: admin } = api);
  api.run(certificateSigningController(server.authority));
});
afterAll(() => api.stop());

interface Subject { readonly subject?: string; readonly signerName?: string; readonly by?: Client }

async function request(name: string, usages: NonNullable<CertificateSigningRequest['spec']['usages']>, { subject = `CN=${name}, O=team-a`, signerName = 'kubernetes.io/kube-apiserver-client', by = admin }: Subject = {}): Promise<{ keyPem: string; made: CertificateSigningRequest }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm: algorithm });
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')}\n-----END PRIVATE KEY-----\n`;
  const made = await by.create(CertificateSigningRequests, { metadata: { name }, spec: { request: Buffer.from(`${csr.toString('pem')}\n`).toString('base64'), signerName, usages } });
  return { keyPem, made };
}

function approval(made: CertificateSigningRequest): string {
  return JSON.stringify({ ...made, apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: 'for the test' }] } });
}

const approve = (client: Client, made: CertificateSigningRequest) =>
  client.raw('PUT', `/apis/certificates.k8s.io/v1/certificatesigningrequests/${made.metadata?.name}/approval`, { body: approval(made), headers: { 'content-type': 'application/json' } });

async function ended(name: string): Promise<NonNullable<CertificateSigningRequest['status']>> {
  const status = async () => (await admin.get(CertificateSigningRequests, { name })).status ?? {};
  await expect.poll(async () => { const s = await status(); return s.certificate ?? s.conditions?.find((c) => c.type === 'Failed'); }, { timeout: 20_000 }).toBeDefined();
  return status();
}

test('an approved request is signed, and the certificate is the user whom it names', async () => {
  const { keyPem, made } = await request('ada', ['client auth', 'digital signature']);
  expect((await approve(admin, made)).status).toBe(200);
  const { certificate } = await ended('ada');
  const certPem = Buffer.from(certificate ?? '', 'base64').toString();
  const ada = createClient({ server: server.url, caPem: server.caPem, clientCertificatePem: certPem, clientKeyPem: keyPem });
  const review = await ada.raw('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }), headers: { 'content-type': 'application/json' } });
  ada.close();
  expect(JSON.parse(review.body.toString())).toMatchObject({ status: { userInfo: { username: 'ada', groups: ['team-a', 'system:authenticated'] } } });
});

test('a request whose usages its signer does not sign is marked Failed with the rule', async () => {
  const { made } = await request('server', ['server auth']);
  await approve(admin, made);
  expect((await ended('server')).conditions?.find((c) => c.type === 'Failed')?.message).toContain("'client auth'");
});

test('who may write approvals needs the verb approve for the signer, and nobody approves through status', async () => {
  const { made } = await request('plain', ['client auth']);
  const other = createClient({ server: server.url, caPem: server.caPem, token: 'other-token' });
  expect((await approve(other, made)).status).toBe(403);
  const byStatus = await other.raw('PUT', '/apis/certificates.k8s.io/v1/certificatesigningrequests/plain/status', { body: approval(made), headers: { 'content-type': 'application/json' } });
  other.close();
  expect(byStatus.status).toBe(403);
});

const kubelet = { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', subject: 'CN=system:node:n1, O=system:nodes' };
const kubeletUsages = ['digital signature', 'client auth'] as NonNullable<CertificateSigningRequest['spec']['usages']>;

test('a kubelet that renews its certificate and a node that joins get theirs without a person', async () => {
  for (const [name, token, subject] of [['renews', 'n1-token', kubelet.subject], ['joins', 'joining-token', 'CN=system:node:n2, O=system:nodes']] as const) {
    const by = createClient({ server: server.url, caPem: server.caPem, token });
    await request(name, kubeletUsages, { ...kubelet, subject, by });
    by.close();
    const status = await ended(name);
    expect(status.conditions).toMatchObject([{ type: 'Approved', reason: 'AutoApproved' }]);
    expect(status.certificate).toMatch(/\w/);
  }
});

test('a kubelet that asks for the certificate of another node waits for a person', async () => {
  const by = createClient({ server: server.url, caPem: server.caPem, token: 'n1-token' });
  await request('steals', kubeletUsages, { ...kubelet, subject: 'CN=system:node:n2, O=system:nodes', by });
  // One that is approved is handled after it, so it has been looked at by then.
  await request('after', kubeletUsages, { ...kubelet, by });
  by.close();
  await ended('after');
  expect((await admin.get(CertificateSigningRequests, { name: 'steals' })).status?.conditions ?? []).toEqual([]);
});

const node = { signerName: 'kubernetes.io/kubelet-serving', usages: ['server auth', 'digital signature'], commonName: 'system:node:n1', organizations: ['system:nodes'] };
test.for([
  { when: 'a node asks for its serving certificate', wish: node, signed: true },
  { when: 'the name is no node', wish: { ...node, commonName: 'n1' }, signed: false },
  { when: 'there is another group', wish: { ...node, organizations: ['system:nodes', 'system:masters'] }, signed: false },
  { when: 'a usage is for clients', wish: { ...node, usages: [...node.usages, 'client auth'] }, signed: false },
  { when: 'the signer is unknown', wish: { ...node, signerName: 'example.com/own' }, signed: false },
])('signed ($signed) where $when', ({ wish, signed }) => expect(refusal(wish) === undefined).toBe(signed));
