import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { makeDefaultStorageClass } from '../../src/cli/processes/default-storage-class.ts';
import { PART_USERS, partAccess } from '../../src/cli/processes/part-access.ts';
import { createClient } from '../../src/client/https-client.ts';
import { Namespaces, PersistentVolumeClaims, PersistentVolumes, Pods, StatefulSets } from '../../src/client/kinds.ts';
import { isNotFound } from '../../src/client/status-error.ts';
import { startApiServer } from '../../src/engine/apiserver/start.ts';
import { createEngineControllers } from '../../src/engine/controllers/index.ts';
import { buildImage } from '../../src/engine/images/build-image.ts';
import { openImageStore } from '../../src/engine/images/image-store.ts';
import { startNode } from '../../src/engine/node/start.ts';
import { schedulerController } from '../../src/engine/scheduler/scheduler.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { runControllers } from '../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';

const WITHIN = { timeout: 60_000 };
const namespace = 'default';
const stops: (() => Promise<unknown> | void)[] = [];
afterEach(async () => { for (const stop of stops.splice(0).toReversed()) await stop(); });

/** An embedded cluster whose parts have their own rights and no more. */
async function startCluster() {
  const folder = mkdtempSync(join(tmpdir(), 'aweigh-volumes-'));
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app', 'image.json'), '{"entrypoint":["sh"]}');
  await buildImage(join(folder, 'app'), 'app:v1', openImageStore(join(folder, 'images')));
  const common = { log: silentLogger, clock: systemClock, random: systemRandom };
  const server = await startApiServer({
    dataDir: join(folder, 'api'), ...common, loopbackAddresses: true, access: partAccess(),
    staticTokens: [{ token: 'admin', user: 'admin', groups: ['system:masters'] }, { token: 'control', user: PART_USERS.controlPlane, groups: [] }, { token: 'node', user: PART_USERS.node, groups: [] }],
  });
  stops.push(() => server.close());
  const as = (token: string) => {
    const client = createClient({ server: server.url, caPem: server.caPem, token });
    stops.push(() => client.close());
    return client;
  };
  const [client, control] = [as('admin'), as('control')];
  const stop = new AbortController();
  await makeDefaultStorageClass(control);
  const running = runControllers({ factories: [...createEngineControllers({ rootCaPem: server.caPem }), schedulerController], client: control, ...common, signal: stop.signal });
  stops.push(async () => { stop.abort(); await running; });
  const node = await startNode({ client: as('node'), nodeNames: ['n1', 'n2'], dataDir: folder, podCidr: `127.66.${process.pid % 250}.0/24`, ...common });
  stops.push(async () => { await node.stopAllPods(); await node.close(); });
  await node.ready;
  return { client, volumes: join(folder, 'volumes') };
}

test('a claim gets a folder on the node of its first pod, later pods come to it, and it goes with the claim once nobody uses it', async () => {
  const { client, volumes } = await startCluster();
  const claim = { namespace, name: 'data' };
  const make = (name: string, command: string) => client.create(Pods, {
    apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'app:v1', command: ['sh', '-c', command], volumeMounts: [{ name: 'data', mountPath: '/data' }, { name: 'tmp', mountPath: tmpdir() }] }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }, { name: 'tmp', emptyDir: {} }] },
  });
  const phase = async (name: string) => (await client.get(Pods, { namespace, name })).status?.phase;
  const gone = async (look: Promise<unknown>) => look.then(() => false, isNotFound);

  await make('first', 'echo kept > "$POD_ROOT/data/file"');
  const said = async () => (await client.get(Pods, { namespace, name: 'first' })).status?.conditions?.find((c) => c.type === 'PodScheduled')?.message;
  await expect.poll(said, WITHIN).toBe('persistentvolumeclaim "data" not found');
  await client.create(PersistentVolumeClaims, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: claim, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } });
  await expect.poll(() => phase('first'), WITHIN).toBe('Succeeded');
  const bound = await client.get(PersistentVolumeClaims, claim);
  expect(bound).toMatchObject({ spec: { storageClassName: 'local' }, status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] } });
  const volume = { name: bound.spec?.volumeName ?? '' };
  expect(await client.get(PersistentVolumes, volume)).toMatchObject({ spec: { persistentVolumeReclaimPolicy: 'Delete', claimRef: { name: 'data', uid: bound.metadata?.uid } }, status: { phase: 'Bound' } });
  expect(readFileSync(join(volumes, volume.name, 'file'), 'utf8')).toBe('kept\n');

  const first = await client.get(Pods, { namespace, name: 'first' });
  await client.delete(Pods, { namespace, name: 'first' });
  await make('second', 'cat "$POD_ROOT/data/file" && exec sleep 600');
  await expect.poll(() => phase('second'), WITHIN).toBe('Running');
  expect((await client.get(Pods, { namespace, name: 'second' })).spec?.nodeName).toBe(first.spec?.nodeName);

  // Deleted while a pod uses it: it stays until that is gone.
  await client.delete(PersistentVolumeClaims, claim);
  await make('third', 'true');
  await expect.poll(async () => (await client.get(Pods, { namespace, name: 'third' })).status?.conditions?.find((c) => c.type === 'PodScheduled')?.message, WITHIN).toContain('being deleted');
  expect((await client.get(PersistentVolumes, volume)).status?.phase).toBe('Bound');
  await client.delete(Pods, { namespace, name: 'third' });
  await client.delete(Pods, { namespace, name: 'second' });
  await expect.poll(() => gone(client.get(PersistentVolumeClaims, claim)), WITHIN).toBe(true);
  await expect.poll(() => gone(client.get(PersistentVolumes, volume)), WITHIN).toBe(true);
  expect(existsSync(join(volumes, volume.name))).toBe(false);
}, 180_000);

test('each pod of a StatefulSet has a volume of its own, and a namespace takes its claims along', async () => {
  const { client, volumes } = await startCluster();
  const key = { namespace: 'team', name: 'db' };
  await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: key.namespace } });
  const labels = { app: 'db' };
  await client.create(StatefulSets, {
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: key,
    spec: {
      replicas: 2, serviceName: 'db', selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'app:v1', command: ['sh', '-c', 'hostname > "$POD_ROOT/data/who"; exec sleep 600'], volumeMounts: [{ name: 'data', mountPath: '/data' }] }] } },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } }],
    },
  });
  await expect.poll(async () => (await client.get(StatefulSets, key)).status?.readyReplicas, WITHIN).toBe(2);
  const claims = (await client.list(PersistentVolumeClaims, { namespace: key.namespace })).items;
  expect(claims.map((c) => [c.metadata?.name, c.status?.phase])).toEqual([['data-db-0', 'Bound'], ['data-db-1', 'Bound']]);
  expect(readdirSync(volumes)).toHaveLength(2);
  await client.delete(Namespaces, { name: key.namespace });
  await expect.poll(async () => (await client.list(PersistentVolumes)).items.length, WITHIN).toBe(0);
  expect(readdirSync(volumes)).toEqual([]);
}, 180_000);
