import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start({ flags: ['--router', 'builtin'] });
  await cluster.applyExample((application) => { application.spec.tracks = application.spec.tracks.slice(-1); });
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
});
afterAll(() => cluster?.stop());

test('kubectl shows an Application and its pods', async () => {
  expect(await cluster.kubectl('get', 'applications')).toContain(APPLICATION);
  expect(await cluster.kubectl('describe', 'application', APPLICATION)).toMatch(/Kind:\s+Application/);
  expect(await cluster.kubectl('get', 'pods', '-l', `app=${APPLICATION},track=production`)).toMatch(/1\/1\s+Running/);
  expect(await cluster.kubectl('rollout', 'status', `deployment/${APPLICATION}-production-v1.17.0`, '--timeout=30s')).toMatch(/successfully rolled out/);
});

test('every node renews its Lease: without one it would count as lost after 40 s, and its pods with it', async () => {
  await eventually('a Lease for each node', async () => ((await cluster.kubectl('get', 'leases', '-n', 'kube-node-lease', '-o', 'name')).trim().split('\n').length === 2 ? true : undefined));
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
  }, 10_000);
});
