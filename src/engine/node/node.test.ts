import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/https-client.ts';
import { ConfigMaps, Nodes, Pods, Secrets, ServiceAccounts } from '../../client/kinds.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { Container, Pod, PodSpec } from '../../kubernetes/types.generated.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock, systemRandom } from '../../runtime/system-clock.ts';
import { CertificateAuthority } from '../apiserver/certificates/authority.ts';
import { startApiServer, type ApiServer } from '../apiserver/start.ts';
import { buildImage } from '../images/build-image.ts';
import { openImageStore } from '../images/image-store.ts';
import { namedImages } from '../images/named-images.ts';
import { pidsWithEnv, readStat } from './runtime/process/proc.ts';
import { startNode, type RunningNode } from './start.ts';

/** Of this run alone: tests may run beside each other on one machine. */
const podCidr = `127.65.${process.pid % 250}.0/24`;
let folder: string;
let server: ApiServer;
let client: Client;
let node: RunningNode;

const program = `
const http = require('node:http');
let ready = true;
process.on('SIGTERM', () => { console.log('asked to end'); setTimeout(() => process.exit(0), Number(process.env.SLOW ?? 0)); });
http.createServer((req, res) => {
  if (req.url === '/ready') return res.writeHead(ready ? 200 : 503).end();
  if (req.url === '/unready') ready = false;
  if (req.url === '/exit') process.exit(3);
  res.end(JSON.stringify({ env: process.env, pid: process.pid }));
}).listen(Number(process.env.PORT), process.env.HOST, () => console.log('listening'));
`;

const start = async (using = client): Promise<RunningNode> => {
  const authority = await CertificateAuthority.open(join(folder, 'api', 'pki'), systemClock);
  return startNode({ kubelet: { ...(await authority.serving('kubelet', ['127.0.0.1'])), clientCaPem: authority.caPem }, client: using, nodeNames: ['n1'], dataDir: folder, podCidr, log: silentLogger, clock: systemClock, random: systemRandom });
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aweigh-node-'));
  await mkdir(join(folder, 'app'));
  await writeFile(join(folder, 'app', 'image.json'), '{"entrypoint":["node","server.cjs"],"env":{"FROM_IMAGE":"yes"}}');
  await writeFile(join(folder, 'app', 'server.cjs'), program);
  await buildImage(join(folder, 'app'), 'app:v1', openImageStore(join(folder, 'images')));
  server = await startApiServer({ dataDir: join(folder, 'api'), log: silentLogger, clock: systemClock, random: systemRandom, loopbackAddresses: true, staticTokens: [{ token: 't', user: 'admin', groups: ['system:masters'] }] });
  client = createClient({ server: server.url, caPem: server.caPem, token: 't' });
  await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
  await client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-root-ca.crt', namespace: 'default' }, data: { 'ca.crt': server.caPem } });
  node = await start();
  await node.ready;
});

afterAll(async () => {
  await node.stopAllPods();
  await node.close();
  client.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const ns = 'default';

function pod(name: string, spec: Partial<PodSpec> & { containers?: Container[] } = {}): Pod {
  const app: Container = { name: 'app', image: 'app:v1', ports: [{ containerPort: 8080, name: 'http' }], readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 } };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: ns, labels: { app: name } }, spec: { nodeName: 'n1', terminationGracePeriodSeconds: 5, automountServiceAccountToken: false, containers: [app], ...spec } };
}

const sh = (name: string, script: string, more: Partial<Container> = {}): Container => ({ name, image: 'app:v1', command: ['sh', '-c', script], ...more });

async function until<T>(what: string, look: () => Promise<T | undefined | false>, withinMs = 15_000): Promise<T> {
  for (const endMs = Date.now() + withinMs; ; ) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endMs) throw new Error(`Not so within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const get = (name: string): Promise<Pod> => client.get(Pods, { namespace: ns, name });
const isReady = (p: Pod): boolean => p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
const ready = (name: string): Promise<Pod> => until(`${name} is ready`, async () => get(name).then((p) => isReady(p) && p));
const gone = (name: string): Promise<boolean> => until(`${name} is gone`, async () => get(name).then(() => false, isNotFound));
const remove = async (name: string): Promise<void> => {
  await client.delete(Pods, { namespace: ns, name });
  await gone(name);
};
const ask = async (p: Pod, path = '/'): Promise<{ env: Record<string, string>; pid: number }> => (await fetch(`http://${p.status?.podIP}:8080${path}`)).json() as never;

test('nodes register with capacity, conditions and a pod range', async () => {
  const found = await until('the node is there', async () => client.get(Nodes, { name: 'n1' }).then((n) => n.status?.capacity !== undefined && n, () => false));
  expect(found).toMatchObject({ spec: { podCIDR: podCidr }, status: { conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', status: 'True' })]) } });
});

test('a pod runs at an address of its own, with the environment that its spec, image and node give it', async () => {
  await client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: ns }, data: { color: 'blue', 'app.conf': 'one' } });
  await client.create(Secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: ns }, data: { key: Buffer.from('s3cret').toString('base64') } });
  const spec = pod('env').spec!;
  const app: Container = {
    ...spec.containers[0]!,
    env: [
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'GREETING', value: 'hello $(NAME) $(NOBODY) $$(NAME)' },
      { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
      { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } },
    ],
    volumeMounts: [{ name: 'config', mountPath: '/etc/app' }, { name: 'keys', mountPath: '/etc/keys' }],
  };
  await client.create(Pods, pod('env', { automountServiceAccountToken: true, containers: [app], volumes: [{ name: 'config', configMap: { name: 'settings' } }, { name: 'keys', secret: { secretName: 'keys' } }] }));
  const running = await ready('env');
  expect(running.status).toMatchObject({ phase: 'Running', hostIP: '127.0.0.1', observedGeneration: running.metadata?.generation, containerStatuses: [{ name: 'app', ready: true, started: true, restartCount: 0, imageID: expect.stringMatching(/^sha256:/) }] });
  const { env } = await ask(running);
  expect(env).toMatchObject({ NAME: 'env', GREETING: 'hello env $(NOBODY) $(NAME)', COLOR: 'blue', KEY: 's3cret', FROM_IMAGE: 'yes', POD_IP: running.status?.podIP, HOST: running.status?.podIP, PORT: '8080', HOSTNAME: 'env' });
  expect(readFileSync(join(env['POD_ROOT']!, 'etc/keys/key'), 'utf8')).toBe('s3cret');
  expect(readFileSync(join(env['POD_ROOT']!, 'etc/app/app.conf'), 'utf8')).toBe('one');
  const account = join(env['POD_ROOT']!, 'var/run/secrets/kubernetes.io/serviceaccount');
  expect(readFileSync(join(account, 'ca.crt'), 'utf8')).toBe(server.caPem);
  expect(readFileSync(join(account, 'token'), 'utf8').split('.')).toHaveLength(3);
  await client.patch(ConfigMaps, { namespace: ns, name: 'settings' }, { data: { 'app.conf': 'two' } });
  await until('the volume follows its ConfigMap', () => Promise.resolve(readFileSync(join(env['POD_ROOT']!, 'etc/app/app.conf'), 'utf8') === 'two'));
  await remove('env');
  expect(pidsWithEnv(`POD_UID=${running.metadata?.uid}`)).toEqual([]);
});

test('a container that ends starts again at once, then waits ever longer', async () => {
  await client.create(Pods, pod('crash', { containers: [sh('app', 'exit 7')] }));
  const waiting = await until('it backs off', async () => get('crash').then((p) => p.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff' && p));
  expect(waiting.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: false, lastState: { terminated: { exitCode: 7, reason: 'Error' } } });
  expect(waiting.status?.phase).toBe('Running');
  await remove('crash');
  await client.create(Pods, pod('says', { restartPolicy: 'Never', containers: [{ ...sh('app', 'for n in $(seq 100); do echo $n; done; exit 1'), terminationMessagePolicy: 'FallbackToLogsOnError' }] }));
  const failed = await until('it failed', async () => get('says').then((p) => p.status?.phase === 'Failed' && p));
  expect(failed.status?.containerStatuses?.[0]?.state?.terminated?.message?.split('\n')).toEqual([...Array.from({ length: 80 }, (_, i) => String(i + 21)), '']);
  await remove('says');
});

test('init containers run one after the other, sidecars beside, and a pod that is done is done', async () => {
  const init = [sh('first', 'sleep 0.2; echo 1 >> "$POD_ROOT/share/order"', {}), sh('side', 'trap "exit 0" TERM; while :; do sleep 0.1; done', { restartPolicy: 'Always' }), sh('second', 'echo 2 >> "$POD_ROOT/share/order"')];
  const mounts = [{ name: 'share', mountPath: '/share' }];
  const all = (list: Container[]): Container[] => list.map((c) => ({ ...c, volumeMounts: mounts }));
  await client.create(Pods, pod('job', { restartPolicy: 'Never', initContainers: all(init), containers: all([sh('main', 'test "$(cat "$POD_ROOT/share/order" | tr -d "\\n")" = 12')]), volumes: [{ name: 'share', emptyDir: {} }] }));
  const done = await until('it is done', async () => get('job').then((p) => (p.status?.phase === 'Succeeded' || p.status?.phase === 'Failed') && p));
  expect(done.status?.phase).toBe('Succeeded');
  expect(done.status?.initContainerStatuses?.map((c) => c.state?.terminated?.exitCode)).toEqual([0, expect.any(Number), 0]);
  await remove('job');
});

test('a pod that is deleted is not ready first, ends by itself, and its API object goes last', async () => {
  const [app] = pod('slow').spec!.containers;
  await client.create(Pods, pod('slow', { containers: [{ ...app!, env: [{ name: 'SLOW', value: '700' }] }] }));
  const running = await ready('slow');
  await client.delete(Pods, { namespace: ns, name: 'slow' });
  await until('it is not ready', async () => get('slow').then((p) => !isReady(p)));
  expect((await ask(running)).pid).toBeGreaterThan(0);
  await gone('slow');
  expect(pidsWithEnv(`POD_UID=${running.metadata?.uid}`)).toEqual([]);
});

test('a program that does not end is killed when its grace is over, with all it started', async () => {
  await client.create(Pods, pod('stubborn', { terminationGracePeriodSeconds: 1, containers: [sh('app', 'trap "" TERM; sleep 100 & setsid sleep 101 & while :; do sleep 1; done')] }));
  const running = await ready('stubborn');
  const startMs = Date.now();
  await remove('stubborn');
  expect(Date.now() - startMs).toBeGreaterThan(800);
  await until('nothing of it runs', () => Promise.resolve(pidsWithEnv(`POD_UID=${running.metadata?.uid}`).length === 0));
});

test('a probe takes a pod out of service, and another restarts its container', async () => {
  const [app] = pod('probed').spec!.containers;
  await client.create(Pods, pod('probed', { containers: [{ ...app!, readinessProbe: { ...app!.readinessProbe, failureThreshold: 1 }, livenessProbe: { exec: { command: ['sh', '-c', 'test ! -e "$POD_ROOT/dead"'] }, periodSeconds: 1, failureThreshold: 2 } }] }));
  const running = await ready('probed');
  const { env } = await ask(running, '/unready');
  await until('it is not ready', async () => get('probed').then((p) => !isReady(p)));
  await writeFile(join(env['POD_ROOT']!, 'dead'), '');
  await until('it was restarted', async () => get('probed').then((p) => p.status?.containerStatuses?.[0]?.restartCount === 1));
  await rm(join(env['POD_ROOT']!, 'dead'), { force: true });
  await remove('probed');
});

test.for([
  { name: 'no-image', container: { image: 'nothing:v1' }, reason: /ErrImagePull|ImagePullBackOff/, says: /aweigh image build/ },
  { name: 'no-config', container: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'a' } } }] }, reason: /CreateContainerConfigError/, says: /configmap "none" not found/ },
])('a container that cannot be made says why: $name', async ({ name, container, reason, says }) => {
  await client.create(Pods, pod(name, { containers: [{ ...sh('app', 'sleep 100'), ...container }] }));
  const waiting = await until('it waits', async () => get(name).then((p) => reason.test(p.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? '') && p));
  expect(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(says);
  expect(waiting.status?.phase).toBe('Pending');
  await remove(name);
});

test('a container that waits for its ConfigMap starts as soon as it is there', async () => {
  await client.create(Pods, pod('late', { containers: [sh('app', 'sleep 100', { envFrom: [{ configMapRef: { name: 'late' } }] })] }));
  await until('it waits', async () => get('late').then((p) => p.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError'));
  await client.create(ConfigMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late', namespace: ns }, data: { A: '1' } });
  await until('it runs', async () => get('late').then((p) => p.status?.containerStatuses?.[0]?.state?.running !== undefined), 3_000);
  await remove('late');
});

test('another node process adopts what runs: same process, same address, no restart, never unready', async () => {
  await Promise.all(['a1', 'a2', 'a3'].map((name) => client.create(Pods, pod(name))));
  const before = await Promise.all(['a1', 'a2', 'a3'].map(ready));
  const pids = await Promise.all(before.map(async (p) => (await ask(p)).pid));
  await node.close();
  process.kill(pids[2]!, 'SIGKILL');
  await client.delete(Pods, { namespace: ns, name: 'a2' });
  node = await start();
  await node.ready;
  await gone('a2');
  const restarted = await until('a3 runs again', async () => get('a3').then((p) => p.status?.containerStatuses?.[0]?.restartCount === 1 && isReady(p) && p));
  expect(restarted.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137);
  const after = await get('a1');
  expect(after.status).toMatchObject({ podIP: before[0]!.status?.podIP, containerStatuses: [{ restartCount: 0 }] });
  expect(after.status?.conditions?.find((c) => c.type === 'Ready')).toMatchObject({ status: 'True', lastTransitionTime: before[0]!.status?.conditions?.find((c) => c.type === 'Ready')?.lastTransitionTime });
  expect((await ask(after)).pid).toBe(pids[0]);
  expect(pidsWithEnv(`POD_UID=${after.metadata?.uid}`).filter((pid) => readStat(pid)?.group === pid)).toHaveLength(1);
  await Promise.all(['a1', 'a3'].map(remove));
});

test('stopping all pods ends their processes and keeps their objects, and the next start brings them back', async () => {
  await client.create(Pods, pod('kept'));
  const before = await ready('kept');
  await node.stopAllPods();
  await node.close();
  expect(pidsWithEnv(`POD_UID=${before.metadata?.uid}`)).toEqual([]);
  node = await start();
  await until('it runs again', async () => get('kept').then((p) => isReady(p) && p.status?.containerStatuses?.[0]?.restartCount === 1));
  await remove('kept');
});

const stray = (name: string): Pod => pod(name, { containers: [sh('app', 'setsid sleep 100 & while :; do sleep 1; done')] });

test('stopping all pods leaves nothing of those whose start is under way, and nothing that left its process group', async () => {
  await client.create(Pods, stray('stray'));
  const names = ['stray', ...Array.from({ length: 4 }, (_, i) => `begun-${i}`)];
  const uids = [(await ready('stray')).metadata?.uid, ...(await Promise.all(names.slice(1).map((name) => client.create(Pods, pod(name))))).map((p) => p.metadata?.uid)];
  await until('one has begun', async () => Promise.resolve(uids.slice(1).some((uid) => pidsWithEnv(`POD_UID=${uid}`).length > 0)));
  await node.stopAllPods();
  expect(uids.flatMap((uid) => pidsWithEnv(`POD_UID=${uid}`))).toEqual([]);
  await node.close();
  node = await start();
  await Promise.all(names.map(remove));
});

test('a node that cannot ask the API which pods it has stops what an earlier one started', async () => {
  await client.create(Pods, stray('unclaimed'));
  const { metadata } = await ready('unclaimed');
  await node.close();
  const nobody = createClient({ server: 'https://127.0.0.1:9', caPem: server.caPem, token: 't' });
  node = await start(nobody);
  await node.stopAllPods();
  expect(pidsWithEnv(`POD_UID=${metadata?.uid}`)).toEqual([]);
  await node.close();
  nobody.close();
  node = await start();
  await remove('unclaimed');
});

const logOf = async (name: string, query = ''): Promise<string> => {
  const { status, body } = await client.raw('GET', `/api/v1/namespaces/${ns}/pods/${name}/log?${query}`);
  return status === 200 ? body : `${status} ${body}`;
};

test('the log is all that a program wrote, cut as asked for, and followed to its end', async () => {
  await client.create(Pods, pod('talker', { restartPolicy: 'Never', containers: [sh('app', 'echo one; echo two >&2; echo three; sleep 1.5; echo four')] }));
  // Where the machine is slow it may have ended before anybody saw it run: its log is the same.
  await until('it has begun', async () => get('talker').then((p) => { const { running, terminated } = p.status?.containerStatuses?.[0]?.state ?? {}; return (running ?? terminated) !== undefined; }));
  const followed: Buffer[] = [];
  for await (const chunk of client.stream(`/api/v1/namespaces/${ns}/pods/talker/log?follow=true`)) followed.push(chunk);
  expect(Buffer.concat(followed).toString()).toBe('one\ntwo\nthree\nfour\n');
  expect(await logOf('talker', 'tailLines=2')).toBe('three\nfour\n');
  expect(await logOf('talker', 'limitBytes=5')).toBe('one\nt');
  expect((await logOf('talker', 'timestamps=true')).split('\n')[3]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z four$/);
  expect(await logOf('talker', 'tailLines=x')).toMatch(/tailLines/);
  await remove('talker');
});

test('the log of the run before is kept', async () => {
  await client.create(Pods, pod('again', { containers: [sh('app', 'echo "run of $PPID"; test -e "$POD_ROOT/ran" && exec sleep 100; touch "$POD_ROOT/ran"; exit 1')] }));
  await until('it runs again', async () => get('again').then((p) => p.status?.containerStatuses?.[0]?.restartCount === 1 && p.status.containerStatuses[0].state?.running !== undefined));
  const [before, now] = [await logOf('again', 'previous=true'), await until('it wrote', () => logOf('again').then((t) => t !== '' && t))];
  expect(before).toMatch(/^run of \d+\n$/);
  expect(now).toMatch(/^run of \d+\n$/);
  expect(now).not.toBe(before);
  await remove('again');
});

test('images are deleted that no tag keeps and nothing in the API names', async () => {
  const images = openImageStore(join(folder, 'images'));
  const digests: string[] = [];
  for (const name of ['used', 'unused']) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'image.json'), '{"entrypoint":["sleep","100"]}');
    await writeFile(join(folder, name, 'file'), name);
    digests.push((await buildImage(join(folder, name), `${name}:v1`, images)).digest);
    await images.remove(`${name}:v1`);
  }
  const [used, unused] = digests as [string, string];
  await client.create(Pods, pod('by-digest', { containers: [{ name: 'app', image: used }] }));
  const laterMs = Date.now() + 1e9;
  const named = await namedImages(client, []);
  expect(named).toContain(used);
  expect(await images.prune(named, laterMs)).toBeGreaterThan(0);
  await images.resolve(used);
  await expect(images.resolve(unused)).rejects.toThrow(/no image/);
  await images.resolve('app:v1');
  await remove('by-digest');
});

test('a container that exceeds its memory limit is ended and says so; one within it goes on', async () => {
  const holds = (name: string, megabytes: number): Container => ({ name, image: 'app:v1', command: ['node', '-e', `const held = Buffer.alloc(${megabytes}e6, 1); setInterval(() => held[0]++, 1000)`], resources: { limits: { memory: '200Mi' } } });
  await client.create(Pods, pod('greedy', { restartPolicy: 'Never', containers: [holds('too-much', 400), holds('enough', 20)] }));
  const ended = await until('the one is ended', async () => get('greedy').then((p) => p.status?.containerStatuses?.some((c) => c.state?.terminated !== undefined) === true && p));
  const of = (name: string) => ended.status?.containerStatuses?.find((c) => c.name === name)?.state;
  expect(of('too-much')?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
  expect(of('enough')?.running).toBeDefined();
  await remove('greedy');
});
