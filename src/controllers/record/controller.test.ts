import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Application } from '../../api/application/application.ts';
import { CLUSTER_ROLES } from '../../api/access.ts';
import { Applications, Builds, Deliveries, RecordRepositories, Releases } from '../../api/kinds.ts';
import { API_VERSION } from '../../api/group.ts';
import type { Client } from '../../client/client.ts';
import { Deployments, Events, Namespaces, Secrets } from '../../client/kinds.ts';
import { resource } from '../../client/resource.ts';
import { startGitServer, type GitServer } from '../../providers/repository/git-server-fixture.ts';
import { openRepository } from '../../providers/repository/git.ts';
import { routerRenderers } from '../../providers/traffic/router-pods.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { startApiServerFixture } from '../api-server-fixture.ts';
import { recordController } from './controller.ts';
import { recordRemoteController } from './remote/controller.ts';

const namespace = 'shops';
const key = { namespace, name: 'shop' };
const DEADLINE = { timeout: 60_000, interval: 50 };
const RoleBindings = resource('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding');

let root: string;
let git: GitServer;
let url: string;
const stopping: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'aweigh-record-controller-'));
  run('init', '-q', '--bare', '--initial-branch=main', join(root, 'record.git'));
  run('-C', join(root, 'record.git'), 'config', 'http.receivepack', 'true');
  git = await startGitServer(root);
  url = `${git.url}/record.git`;
  stopping.push(() => git.close());
});
afterEach(async () => {
  for (const stop of stopping.splice(0).toReversed()) await stop();
  rmSync(root, { recursive: true, force: true });
});

function run(...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], HOME: root } }).trim();
}
const server = (...args: string[]): string => run('-C', join(root, 'record.git'), ...args);

/** A cluster with nothing in it, its record and the controllers of the record. */
async function startCluster(name: string): Promise<Client> {
  const api = await startApiServerFixture({ access: { clusterroles: CLUSTER_ROLES.map((r) => ({ ...r })) } });
  stopping.push(() => api.stop());
  const repository = await openRepository(join(root, `${name}-record`), { log: silentLogger, clock: systemClock, environment: { path: process.env['PATH'] ?? '' } });
  const stop = api.run(recordController({ repository, renderers: routerRenderers(), defaultProvider: 'builtin' }), recordRemoteController(repository));
  stopping.push(async () => { await stop(); await repository.close(); });
  return api.client;
}

const setRemote = (client: Client, commits?: object) => client.apply(RecordRepositories, { apiVersion: API_VERSION, kind: 'RecordRepository', metadata: { name: 'default' }, spec: { remote: { url, pollSeconds: 1 }, ...(commits && { commits }) } }, { fieldManager: 'test', force: true });
const remoteCondition = async (client: Client, type = 'RemoteBehind') => (await client.get(RecordRepositories, { name: 'default' })).status?.conditions?.find((c) => c.type === type);

const application: Application = {
  apiVersion: API_VERSION, kind: 'Application', metadata: { ...key },
  spec: {
    template: { spec: { containers: [{ name: 'app', image: '${image}', envFrom: [{ secretRef: { name: 'login' } }] }] } }, ports: [{ name: 'http', port: 8080 }],
    tracks: [{ name: 'internal', replicas: 1, segment: 'INTERNAL' }, { name: 'production', replicas: 2 }],
  },
};

/** Version v1 everywhere, then v2 on its way: it is on internal, and comes to production. */
async function deploy(client: Client): Promise<void> {
  await client.create(Namespaces, { metadata: { name: namespace } });
  await client.create(Secrets, { metadata: { namespace, name: 'login' }, stringData: { PASSWORD: 'x' } });
  await client.create(Applications, application);
  for (const version of ['v1', 'v2']) await client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: `shop-${version}` }, spec: { application: 'shop', version, image: `shop@sha256:${version.repeat(8)}` } });
  for (const version of ['v1', 'v2']) {
    const release = await client.create(Releases, { apiVersion: API_VERSION, kind: 'Release', metadata: { namespace, name: `shop-${version}` }, spec: { application: 'shop', build: `shop-${version}`, actor: 'lin', reason: 'more' } });
    const tracks = version === 'v1' ? [{ name: 'internal', phase: 'Passed' as const }, { name: 'production', phase: 'Passed' as const }] : [{ name: 'internal', phase: 'Passed' as const }, { name: 'production', phase: 'ScalingUp' as const, previousBuild: 'shop-v1' }];
    await client.updateStatus(Releases, { ...release, status: { phase: version === 'v1' ? 'Completed' : 'Progressing', tracks } });
  }
  await deliver(client, 'shop-v1', 'FirstBuild');
  await applied(client);
  await deliver(client, 'shop-v2', 'Shift');
  await applied(client);
}

async function deliver(client: Client, internal: string, reason: string): Promise<void> {
  await client.apply(Deliveries, {
    apiVersion: API_VERSION, kind: 'Delivery', metadata: { ...key },
    spec: {
      application: 'shop', router: { replicas: 1 }, change: { release: internal, track: 'internal', actor: 'grace', reason, message: `${internal} comes to internal` },
      tracks: [
        { name: 'internal', serving: internal, percent: 100, builds: [{ build: internal, replicas: 1 }] },
        { name: 'production', serving: internal === 'shop-v1' ? 'shop-v1' : 'shop-v2', percent: 100, builds: [{ build: 'shop-v1', replicas: 2 }, ...(internal === 'shop-v1' ? [] : [{ build: 'shop-v2', replicas: 2 }])] },
      ],
    },
  }, { fieldManager: 'test-release', force: true });
}

const applied = (client: Client): Promise<void> => vi.waitFor(async () => {
  const { metadata, status } = await client.get(Deliveries, key);
  expect(status?.observedGeneration).toBe(metadata?.generation);
}, DEADLINE);

/** A person's clone of the remote, with what they do there pushed. */
function person(change: (clone: string) => void): string {
  const clone = mkdtempSync(join(root, 'clone-'));
  run('clone', '-q', join(root, 'record.git'), clone);
  change(clone);
  run('-C', clone, 'push', '-q', 'origin', 'HEAD:main');
  return run('-C', clone, 'rev-parse', 'HEAD');
}
const revertLastShift = (clone: string): void => {
  const shift = run('-C', clone, 'log', '-1', '--format=%H', '--grep', 'Reason: Shift');
  run('-C', clone, 'revert', '--no-edit', '-X', 'theirs', shift);
};
const permit = (client: Client, user: string) => client.create(RoleBindings, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { namespace, name: 'releasers' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'aweigh:edit' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }] } as never);

test('every change gets to the remote; while that is away releases go on, and it is said since when and why', async () => {
  const client = await startCluster('one');
  await setRemote(client);
  await deploy(client);
  await vi.waitFor(() => expect(server('log', '--format=%s', 'main')).toContain('shop: shop-v2 comes to internal'), DEADLINE);
  expect(server('log', '-1', '--format=%(trailers:only)', '--grep=Reason: Shift', 'main')).toMatch(/Release: shop-v2\nTrack: internal\nBuild: shop-v2\nPhase: Progressing\nRequested-By: lin\nBecause: more\nActor: grace\nReason: Shift/);
  git.refuse(503);
  await deliver(client, 'shop-v1', 'Rollback');
  await applied(client);
  expect((await client.get(Deployments, { namespace, name: 'shop-production-v1' })).spec?.replicas).toBe(2);
  await vi.waitFor(async () => expect(await remoteCondition(client)).toMatchObject({ status: 'True', reason: 'Unreachable', message: expect.stringMatching(/\d commits? waits? here/) as string }), DEADLINE);
  git.refuse(undefined);
  await vi.waitFor(async () => expect(await remoteCondition(client)).toMatchObject({ status: 'False', reason: 'Synchronized' }), DEADLINE);
  expect(server('log', '--format=%b', 'main')).toContain('Reason: Rollback');
});

test("a revert pushed by somebody who may not is shown and put right; by somebody who may it becomes a rollback", async () => {
  const client = await startCluster('one');
  await setRemote(client);
  await deploy(client);
  await vi.waitFor(() => expect(server('log', '--format=%b', 'main')).toContain('Reason: Shift'), DEADLINE);
  const refused = person(revertLastShift);
  await vi.waitFor(() => expect(server('log', '--format=%b', 'main')).toContain('Reason: CommitRefused'), DEADLINE);
  expect(server('log', '--format=%s', 'main')).toContain(`shop: puts right ${refused.slice(0, 10)} by Ada. User ada@localhost may not update Application shops/shop`);
  expect(server('show', `main:applications/shops/shop/delivery.yaml`)).toContain('serving: shop-v2');
  const { items } = await client.list(Events, { namespace });
  expect(items.find((e) => e.reason === 'CommitRefused')).toMatchObject({ type: 'Warning', involvedObject: { kind: 'Application', name: 'shop' } });
  expect((await client.list(Releases, { namespace })).items.map((r) => r.spec.type)).not.toContain('rollback');

  await permit(client, 'ada@localhost');
  const permitted = person(revertLastShift);
  await vi.waitFor(async () => expect((await client.get(Releases, { namespace, name: `shop-revert-${permitted.slice(0, 10)}` })).spec).toMatchObject({ type: 'rollback', build: 'shop-v1', actor: 'Ada' }), DEADLINE);
});

test("a changed Application is taken from a permitted commit; one that the API refuses is put right", async () => {
  const client = await startCluster('one');
  await setRemote(client, { authorization: 'Anyone' });
  await deploy(client);
  await vi.waitFor(() => expect(server('log', '--format=%b', 'main')).toContain('Reason: Shift'), DEADLINE);
  const replace = (from: string, to: string) => (clone: string): void => {
    const file = join(clone, 'applications/shops/shop/application.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
    run('-C', clone, 'commit', '-qam', `Set ${to.trim()}`);
  };
  person(replace('replicas: 2', 'replicas: 5'));
  await vi.waitFor(async () => expect((await client.get(Applications, key)).spec.tracks[1]?.replicas).toBe(5), DEADLINE);
  person(replace('replicas: 5', 'replicas: -1'));
  await vi.waitFor(() => expect(server('log', '--format=%b', 'main')).toContain('Reason: CommitInvalid'), DEADLINE);
  expect(server('show', 'main:applications/shops/shop/application.yaml')).toContain('replicas: 5');
  expect((await client.get(Applications, key)).spec.tracks[1]?.replicas).toBe(5);
});

test('where signers are listed, only a signed commit counts, and the signer is the user', async () => {
  const client = await startCluster('one');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(root, 'key')]);
  await setRemote(client, { allowedSigners: `lin@localhost ${readFileSync(join(root, 'key.pub'), 'utf8')}` });
  await deploy(client);
  await permit(client, 'lin@localhost');
  await vi.waitFor(() => expect(server('log', '--format=%b', 'main')).toContain('Reason: Shift'), DEADLINE);
  person(revertLastShift);
  await vi.waitFor(() => expect(server('log', '--format=%s', 'main')).toContain('It is not signed'), DEADLINE);
  const signed = person((clone) => {
    revertLastShift(clone);
    run('-C', clone, '-c', 'gpg.format=ssh', '-c', `user.signingkey=${join(root, 'key')}`, 'commit', '-q', '--amend', '--no-edit', '-S');
  });
  await vi.waitFor(() => client.get(Releases, { namespace, name: `shop-revert-${signed.slice(0, 10)}` }), DEADLINE);
});

test('a cluster built anew comes to the same versions, sizes and shares from the remote alone, once its secrets are there', async () => {
  const lost = await startCluster('lost');
  await setRemote(lost);
  await deploy(lost);
  const before = (await lost.get(Deliveries, key)).spec.tracks;
  await vi.waitFor(() => expect(server('log', '--format=%b', 'main')).toContain('Reason: Shift'), DEADLINE);

  const fresh = await startCluster('fresh');
  await setRemote(fresh);
  await vi.waitFor(async () => expect(await remoteCondition(fresh, 'Restored')).toMatchObject({ status: 'False', reason: 'SecretMissing', message: expect.stringContaining('shops/shop waits for Secret login in namespace shops') as string }), DEADLINE);
  expect((await fresh.list(Applications)).items).toEqual([]);
  await fresh.create(Secrets, { metadata: { namespace, name: 'login' }, stringData: { PASSWORD: 'x' } });
  await applied(fresh);
  expect((await fresh.get(Deliveries, key)).spec.tracks).toEqual(before);
  expect((await fresh.get(Applications, key)).spec.tracks).toMatchObject(application.spec.tracks);
  expect((await fresh.list(Builds, { namespace })).items.map((b) => b.metadata?.name)).toEqual(['shop-v1', 'shop-v2']);
  expect((await fresh.get(Releases, { namespace, name: 'shop-v2' })).status).toMatchObject({ phase: 'Progressing', tracks: [{ name: 'internal', phase: 'Passed' }, { name: 'production', phase: 'ScalingUp', previousBuild: 'shop-v1' }] });
  expect((await fresh.get(Releases, { namespace, name: 'shop-v1' })).status).toMatchObject({ phase: 'Completed' });
  expect((await fresh.get(Deliveries, key)).metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'Application', uid: (await fresh.get(Applications, key)).metadata?.uid });
  await vi.waitFor(async () => expect(await remoteCondition(fresh, 'Restored')).toMatchObject({ status: 'True' }), DEADLINE);
  const deployments = async (client: Client) => (await client.list(Deployments, { namespace })).items.map((d) => [d.metadata?.name, d.spec?.replicas]).sort();
  expect(await deployments(fresh)).toEqual(await deployments(lost));
});

/** As `kubectl edit` and `kubectl set` do. */
const edit = (client: Client, memory: string, image?: string) => client.patch(Deployments, { namespace, name: 'shop-production-v1' }, { spec: { template: { spec: { containers: [{ name: 'app', ...(image === undefined ? {} : { image }), env: [{ name: 'MEMORY', value: memory }] }] } } } }, { type: 'strategic', fieldManager: 'kubectl-edit' });
const container = async (client: Client) => (await client.get(Deployments, { namespace, name: 'shop-production-v1' })).spec?.template?.spec?.containers[0];
const drift = async (client: Client) => (await client.get(Deliveries, key)).status?.drift ?? [];
const memory = async (client: Client) => (await container(client))?.env?.find((e) => e.name === 'MEMORY')?.value;

test('what somebody else sets is mended, reported or adopted as the Application says, and always shown', async () => {
  const client = await startCluster('one');
  await deploy(client);
  await client.patch(Applications, key, { spec: { template: { spec: { containers: [{ name: 'app', image: '${image}', env: [{ name: 'MEMORY', value: '1' }] }] } } } });
  await vi.waitFor(async () => expect(await memory(client)).toBe('1'), DEADLINE);
  await edit(client, '2');
  await vi.waitFor(async () => expect(await drift(client)).toMatchObject([{ object: 'Deployment/shop-production-v1', fields: ['spec.template.spec.containers[app].env[MEMORY].value'], outcome: 'Mended', by: 'kubectl-edit' }]), DEADLINE);
  expect(await memory(client)).toBe('1');

  await client.patch(Applications, key, { spec: { driftPolicy: 'report' } });
  await edit(client, '3');
  await vi.waitFor(async () => expect((await drift(client)).at(-1)).toMatchObject({ outcome: 'Reported' }), DEADLINE);
  expect(await memory(client)).toBe('3');
  await edit(client, '1');
  await vi.waitFor(async () => expect((await drift(client)).at(-1)).toMatchObject({ outcome: 'Mended' }), DEADLINE);

  await client.patch(Applications, key, { spec: { driftPolicy: 'adopt' } });
  await edit(client, '4', 'other@sha256:0');
  const log = () => run('-C', join(root, 'one-record'), 'log', '--format=%s%n%b');
  await vi.waitFor(() => expect(log()).toContain('adopts Deployment/shop-production-v1 spec.template.spec.containers[app].env[MEMORY].value as set by kubectl-edit'), DEADLINE);
  await vi.waitFor(async () => expect((await container(client))?.image, 'an image is the Build\'s').toMatch(/^shop@/), DEADLINE);
  expect(await memory(client)).toBe('4');
  const adopted = run('-C', join(root, 'one-record'), 'log', '-1', '--format=%H', '--grep', 'Reason: DriftAdopted');
  await vi.waitFor(() => run('-C', join(root, 'one-record'), 'revert', '--no-edit', adopted), DEADLINE);
  await vi.waitFor(async () => expect(await memory(client)).toBe('1'), DEADLINE);
});

test('a deleted Application goes after its routers: they finish what they have while the pods behind them are there', async () => {
  const client = await startCluster('removed');
  await deploy(client);
  await client.delete(Applications, key);
  const deployment = (name: string) => client.get(Deployments, { namespace, name });
  await vi.waitFor(async () => expect((await deployment('shop-haproxy')).metadata?.deletionTimestamp).toBeDefined(), DEADLINE);
  expect((await deployment('shop-production-v1')).metadata?.deletionTimestamp).toBeUndefined();
  expect((await client.get(Applications, key)).metadata?.finalizers).toEqual(['aweigh.dev/record']);
  // No garbage collector runs here: as it does once the last router is gone.
  await client.patch(Deployments, { namespace, name: 'shop-haproxy' }, { metadata: { finalizers: [] } });
  await vi.waitFor(() => expect(client.get(Applications, key)).rejects.toThrow(/not found/), DEADLINE);
});
