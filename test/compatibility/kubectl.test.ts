import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../src/client/https-client.ts';
import { startApiServer } from '../../src/engine/apiserver/start.ts';
import { createEngineControllers } from '../../src/engine/controllers/index.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { runControllers } from '../../src/runtime/run-controllers.ts';
import { systemClock as clock, systemRandom as random } from '../../src/runtime/system-clock.ts';
import { helmBinary, kubectlBinary } from '../e2e/kubectl-binary.ts';

const run = promisify(execFile);
const stops: (() => Promise<void> | void)[] = [];
let folder: string;
let config: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aweigh-kubectl-'));
  const server = await startApiServer({ dataDir: join(folder, 'data'), log: silentLogger, clock, random, staticTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }] });
  const client = createClient({ server: server.url, caPem: server.caPem, token: 'admin-token' });
  const ending = new AbortController();
  const controllers = runControllers({ factories: createEngineControllers({ rootCaPem: server.caPem }), client, clock, random, log: silentLogger, signal: ending.signal });
  stops.push(async () => {
    ending.abort();
    await controllers;
    client.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  config = file('kubeconfig', JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'x', contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }], clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority-data': Buffer.from(server.caPem).toString('base64') } }], users: [{ name: 'u', user: { token: 'admin-token' } }] }));
  await kubectl('wait', '--for=create', 'serviceaccount/default', '--timeout=30s');
}, 120_000);

afterAll(async () => {
  for (const stop of stops) await stop();
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: folder, KUBECONFIG: config, XDG_CACHE_HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder });
const call = async (program: string, args: readonly string[]): Promise<string> => {
  const { stdout, stderr } = await run(program, [...args], { env: environment(), maxBuffer: 1 << 24, timeout: 120_000 });
  return stdout + stderr;
};
const kubectl = (...args: string[]): Promise<string> => call(kubectlBinary(), args);
const helm = (...args: string[]): Promise<string> => call(helmBinary(), args);

const web = (image: string, extra = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: '${image}', ports: [{containerPort: 80}]}]
${extra}`;

/** Each command in turn, and what it says. */
async function tells(steps: readonly (readonly [command: string, says: RegExp])[]): Promise<void> {
  for (const [command, says] of steps) expect(await kubectl(...command.split(' ')), `kubectl ${command}`).toMatch(says);
}

test('apply in all its forms, diff and replace', async () => {
  const first = file('web.yaml', web('registry.example/web:1')), second = file('web-2.yaml', web('registry.example/web:2'));
  await tells([
    [`apply -f ${first} --dry-run=server`, /created \(server dry run\)/], [`apply -f ${first}`, /web created/], [`apply -f ${first}`, /web unchanged/], ['apply view-last-applied deployment/web', /web:1/],
    [`apply --server-side --field-manager=other --force-conflicts -f ${second}`, /serverside-applied/], 
    [`replace -f ${first}`, /web replaced/], [`get deployment web -o jsonpath={.spec.template.spec.containers[0].image}`, /web:1$/],
  ]);
  await expect(kubectl('diff', '-f', second)).rejects.toThrow(/Command failed/);
  await expect(kubectl('apply', '-f', file('bad.yaml', web('x').replace('replicas: 2', 'replicas: many')))).rejects.toThrow(/replicas/);
  await expect(kubectl('apply', '-f', file('unknown.yaml', web('x', '  surprise: 1')))).rejects.toThrow(/unknown field "spec.surprise"/);
});

test('every output, explain and discovery', async () => {
  await tells([
    ['get deployments', /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2/], ['get deploy web -o wide', /IMAGES +SELECTOR/], ['get deploy -A -o name', /deployment.apps\/web/], ['get deploy web -o yaml', /kind: Deployment/], ['get deploy web -o json', /"kind": "Deployment"/],
    ['get deploy web -o custom-columns=N:.metadata.name,R:.spec.replicas', /N +R\nweb +2/], ['get deploy web -o go-template={{.metadata.name}}', /^web$/], ['get all', /replicaset.apps\/web-/], ['get deploy --show-labels -l app=web', /app=web/], ['get events', /ScalingReplicaSet|SuccessfulCreate/],
    ['explain deployment.spec.strategy', /FIELDS:/], ['explain pods --recursive', /containers/], ['api-resources --api-group=apps', /deployments +deploy/], ['api-versions', /apps\/v1/], ['version', /Server Version: v1\.35/], ['cluster-info', /running at/], ['get --raw /readyz', /ok/],
    ['events --for deployment/web', /ScalingReplicaSet/], ['describe deployment web', /StrategyType: +RollingUpdate/], ['auth can-i create pods', /yes/], ['auth whoami', /admin/], ['auth can-i --list', /Resources/],
  ]);
});

test('patch, label, annotate, set, scale, autoscale, expose and roll out', async () => {
  await tells([
    ['patch deploy web -p {"spec":{"minReadySeconds":1}}', /patched/], ['patch deploy web --type=merge -p {"spec":{"minReadySeconds":2}}', /patched/], ['patch deploy web --type=json -p [{"op":"replace","path":"/spec/minReadySeconds","value":0}]', /patched/], ['patch deploy web --subresource=status --type=merge -p {"status":{"observedGeneration":1}}', /patched/],
    ['label deploy web tier=service', /labeled/], ['label deploy web tier-', /unlabeled/], ['annotate deploy web note=x', /annotated/], ['set image deployment/web web=registry.example/web:3', /image updated/], ['set env deployment/web A=b', /env updated/], ['set resources deployment/web --limits=cpu=100m', /resource requirements updated/],
    ['rollout history deployment/web', /REVISION/], ['rollout pause deployment/web', /paused/], ['rollout resume deployment/web', /resumed/], ['rollout undo deployment/web', /rolled back/], ['rollout restart deployment/web', /restarted/], ['scale deployment/web --replicas=3 --current-replicas=2', /scaled/], ['autoscale deployment/web --min=1 --max=4', /autoscaled/], ['expose deployment web --port=80', /exposed/], ['get service web', /ClusterIP/],
    ['wait --for=jsonpath={.spec.replicas}=3 deployment/web --timeout=30s', /condition met/],
  ]);
});

test('create what it can, run dry, and delete', async () => {
  await tells([
    ['create configmap c --from-literal=a=b', /created/], ['create secret generic s --from-literal=a=b', /created/], ['create serviceaccount sa', /created/], ['create token sa', /^ey/], ['create role r --verb=get --resource=pods', /created/], ['create rolebinding rb --role=r --serviceaccount=default:sa', /created/], ['auth can-i get pods --as=system:serviceaccount:default:sa', /yes/],
    ['create job j --image=registry.example/j:1', /created/], ['create cronjob cj --image=registry.example/j:1 --schedule=0_0_*_*_*'.replace(/0_0_\*_\*_\*/, '@daily'), /created/], ['create quota q --hard=pods=50', /created/], ['create ingress i --rule=a.example/=web:80', /created/], ['create pdb pdb --selector=app=web --min-available=1', /created/], ['create priorityclass pc --value=5', /created/], ['create namespace kubectl-ns', /created/],
    ['run once --image=registry.example/r:1 --dry-run=server -o name', /pod\/once/], ['wait --for=jsonpath={.status.hard.pods}=50 quota/q --timeout=30s', /condition met/], ['wait --for=jsonpath={.status.hard.pods}=50 quota/q --timeout=30s', /condition met/], ['get quota q', /pods: \d+\/50/], ['delete configmap c', /deleted/], ['delete namespace kubectl-ns --timeout=60s', /deleted/], ['delete job,cronjob --all', /deleted/], ['get cm c --ignore-not-found', /^$/],
  ]);
  await expect(kubectl('get', 'cm', 'c')).rejects.toThrow(/not found/);
});

test('nodes are tainted, cordoned and drained', async () => {
  await kubectl('create', '-f', file('node.yaml', '{apiVersion: v1, kind: Node, metadata: {name: n1}}'));
  await tells([['taint nodes n1 a=b:NoSchedule', /tainted/], ['cordon n1', /cordoned/], ['uncordon n1', /uncordoned/], ['drain n1 --dry-run=server --force --ignore-daemonsets', /drained/], ['get nodes n1', /n1/], ['delete node n1', /deleted/]]);
});

const CHART = {
  'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'values.yaml': 'greeting: hello\n',
  'crds/carts.yaml': '{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: carts.shop.example}, spec: {group: shop.example, scope: Namespaced, names: {plural: carts, kind: Cart}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}}]}}',
  'templates/config.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: "{{ .Release.Name }}-config"}, data: {greeting: "{{ .Values.greeting }}"}}',
  'templates/cart.yaml': '{apiVersion: shop.example/v1, kind: Cart, metadata: {name: "{{ .Release.Name }}"}, spec: {size: 3}}',
  'templates/service.yaml': '{apiVersion: v1, kind: Service, metadata: {name: "{{ .Release.Name }}"}, spec: {selector: {a: b}, ports: [{port: 80}]}}',
  'templates/hook.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: "{{ .Release.Name }}-hook", annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}}, data: {revision: "{{ .Release.Revision }}"}}',
};

test('Helm installs, upgrades, rolls back and uninstalls a chart with definitions and hooks', async () => {
  for (const [name, text] of Object.entries(CHART)) file(`chart/${name}`, text);
  const chart = join(folder, 'chart');
  expect(await helm('install', 'shop', chart, '--wait', '--timeout', '60s')).toMatch(/STATUS: deployed/);
  expect(await kubectl('get', 'cart', 'shop', '-o', 'jsonpath={.spec.size}')).toBe('3');
  expect(await helm('upgrade', 'shop', chart, '--set', 'greeting=bye', '--wait', '--timeout', '60s')).toMatch(/STATUS: deployed/);
  expect(await kubectl('get', 'cm', 'shop-config', 'shop-hook', '-o', 'jsonpath={.items[*].data}')).toMatch(/bye.*"2"/);
  expect(await helm('rollback', 'shop', '1', '--wait', '--timeout', '60s')).toMatch(/success/i);
  expect(await kubectl('get', 'cm', 'shop-config', '-o', 'jsonpath={.data.greeting}')).toBe('hello');
  expect(await helm('history', 'shop')).toMatch(/superseded[\s\S]*deployed/);
  expect(await helm('list')).toMatch(/shop/);
  expect(await helm('uninstall', 'shop', '--wait', '--timeout', '60s')).toMatch(/uninstalled/);
  expect(await kubectl('get', 'cm', 'shop-config', '--ignore-not-found')).toBe('');
});
