import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';

const PARTS = ['system:aweigh-control-plane', 'system:aweigh-node', 'system:kube-proxy'];
let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aweigh-kubectl-'));
  const policy = join(folder, 'audit.yaml');
  writeFileSync(policy, `{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived, ResponseStarted], rules: [{level: Metadata, users: [${PARTS.join(', ')}]}]}`);
  cluster = await TestCluster.start({ router: 'builtin', flags: ['--audit-policy', policy] });
  await cluster.applyExample((application) => { application.spec.tracks = application.spec.tracks.slice(-1); });
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('kubectl shows an Application and its pods', async () => {
  expect(await cluster.kubectl('get', 'applications')).toContain(APPLICATION);
  expect(await cluster.kubectl('describe', 'application', APPLICATION)).toMatch(/Kind:\s+Application/);
  expect(await cluster.kubectl('get', 'pods', '-l', `app=${APPLICATION},track=production`)).toMatch(/1\/1\s+Running/);
  expect(await cluster.kubectl('rollout', 'status', `deployment/${APPLICATION}-production-v1.17.0`, '--timeout=30s')).toMatch(/successfully rolled out/);
});

test('kubectl applies, scales, waits for, reads the logs of and deletes a Deployment', async () => {
  const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: plain}
spec:
  replicas: 1
  selector: {matchLabels: {app: plain}}
  template:
    metadata: {labels: {app: plain}}
    spec:
      containers:
      - {name: app, image: "profile-service:v1.0.0", ports: [{containerPort: 8080}], readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}}
`;
  await cluster.kubectl('apply', '-f', cluster.file('plain.yaml', manifest));
  await cluster.kubectl('wait', '--for=condition=Available', 'deployment/plain', '--timeout=30s');
  await cluster.kubectl('scale', 'deployment/plain', '--replicas=2');
  await cluster.kubectl('rollout', 'status', 'deployment/plain', '--timeout=30s');
  expect((await cluster.tryKubectl('logs', 'deployment/plain')).code).toBe(0);
  await cluster.kubectl('delete', 'deployment/plain', '--timeout=30s');
  await eventually('its pods to go', async () => ((await cluster.get<{ items: unknown[] }>('pods', '-l', 'app=plain')).items.length === 0 ? true : undefined));
});

test('a kubectl edit of what the record holds is mended, and shown while it lasts', async () => {
  const name = `${APPLICATION}-production`;
  await cluster.kubectl('patch', 'service', name, '--type=merge', '-p', '{"spec":{"selector":{"track":"nowhere"}}}');
  await eventually('the Service to be as recorded', async () => {
    const service = await cluster.get<{ spec: { selector: Record<string, string> } }>('service', name);
    return service.spec.selector['track'] === 'production' ? true : undefined;
  });
});

test('no part of the cluster asks for more than it may: nodes keep their Leases, and nothing was refused', async () => {
  await eventually('a Lease of each node', async () => ((await cluster.get<{ items: unknown[] }>('leases', '-n', 'kube-node-lease')).items.length === 2 ? true : undefined));
  interface Line { user: { username: string }; verb: string; objectRef?: object; responseStatus: { code: number } }
  const lines = readFileSync(join(cluster.data, 'logs', 'audit.log'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Line);
  expect([...new Set(lines.map((line) => line.user.username))].sort()).toEqual(PARTS.toSorted());
  expect(lines.filter((line) => line.responseStatus.code === 403)).toEqual([]);
});
