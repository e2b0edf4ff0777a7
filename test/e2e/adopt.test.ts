import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LoadProcess } from '../../src/cli/demo/load-process.ts';
import type { RequestRecord } from '../../src/cli/demo/request-log.ts';
import { AWEIGH, eventually } from './command-line.ts';
import { TestCluster, versionFolder } from './test-cluster.ts';

const NAME = 'account-service';
/** Two pods behind a Service, as anybody has them. */
const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${NAME}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${NAME}}}
  strategy: {rollingUpdate: {maxUnavailable: 0}}
  template:
    metadata: {labels: {app: ${NAME}}}
    spec:
      terminationGracePeriodSeconds: 30
      containers:
      - name: app
        image: ${NAME}:v1.17.0
        ports: [{name: http, containerPort: 8080}]
        env: [{name: TRACK, value: production}]
        readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 1}
        lifecycle: {preStop: {sleep: {seconds: 3}}}
---
apiVersion: v1
kind: Service
metadata: {name: ${NAME}}
spec: {selector: {app: ${NAME}}, ports: [{name: http, port: 8080, targetPort: http}]}
`;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.applyProfileService();
  await cluster.aweigh('image', 'build', versionFolder('v1.17.0'), '--tag', `${NAME}:v1.17.0`);
  await cluster.kubectl('apply', '-f', cluster.file('plain.yaml', MANIFEST));
  await cluster.kubectl('rollout', 'status', `deployment/${NAME}`, '--timeout=120s');
});
afterAll(() => cluster?.stop());

interface Scaled { spec: { replicas: number; selector: object }; status: { readyReplicas?: number }; metadata: { annotations?: Record<string, string> } }

test('a Deployment and its Service are adopted and given back, and no request of their users fails', async () => {
  const service = await cluster.get<{ spec: { clusterIP: string; selector: object } }>('service', NAME);
  const log = join(cluster.data, 'adoption.jsonl');
  const load = new LoadProcess([...AWEIGH, 'load', '--url', `http://${service.spec.clusterIP}:8080`, '--rate', '100', '--longest-ms', '2000', '--log', log], process.env);
  cluster.onStop(() => load.kill());
  await eventually('the first answers', () => (load.progress.requests > 100 ? true : undefined));

  expect(await cluster.aweigh('adopt', NAME, '--dry-run')).toMatch(/kind: Application/);
  await cluster.aweigh('adopt', NAME);
  expect((await cluster.get<Scaled>('deployment', NAME)).spec.replicas).toBe(0);
  expect((await cluster.get<Scaled>('service', NAME)).spec.selector).toEqual({ 'aweigh.dev/router': `${NAME}-haproxy` });
  await cluster.aweigh('adopt', NAME);

  const production = await cluster.get<{ spec: { image: string } }>('build', `${NAME}-v1.17.0`);
  expect(production.spec.image, 'by digest, as the nodes say it').toMatch(/@sha256:/);
  await cluster.aweigh('adopt', NAME, '--give-back');
  const back = await cluster.get<Scaled>('service', NAME);
  expect(back.spec.selector).toEqual(service.spec.selector);
  expect(back.metadata.annotations?.['aweigh.dev/adopted']).toBeUndefined();
  expect((await cluster.get<Scaled>('deployment', NAME)).status.readyReplicas).toBe(2);
  const { spec: { template } } = await cluster.get<{ spec: { template: { spec: { containers: { image: string }[] } } } }>('deployment', NAME);
  expect(template.spec.containers[0]?.image, 'the Deployment runs what production ran').toBe(production.spec.image);
  const sent = load.progress.requests;
  await eventually('answers of the Deployment', () => (load.progress.requests > sent + 200 ? true : undefined));
  await load.stop();

  const records = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as RequestRecord);
  expect(records.filter((r) => r.error !== undefined || r.status === 0)).toEqual([]);
  await eventually("the Application's pods to go", async () => ((await cluster.get<{ items: unknown[] }>('deployments', '-l', `aweigh.dev/application=${NAME}`)).items.length === 0 ? true : undefined));
});

test.for([
  { when: 'there is no such Deployment', args: ['nothing'], says: /not found/ },
  { when: 'there is nothing to give back', args: [NAME, '--give-back'], says: /not adopted/ },
])('adopt says what is wrong where $when', async ({ args, says }) => {
  const { code, err } = await cluster.tryAweigh('adopt', ...args);
  expect(code).toBe(1);
  expect(err).toMatch(says);
});
