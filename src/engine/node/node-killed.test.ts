import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/https-client.ts';
import { Pods, ServiceAccounts } from '../../client/kinds.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../../client/status-error.ts';
import type { Pod } from '../../kubernetes/types.generated.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock, systemRandom } from '../../runtime/system-clock.ts';
import { startApiServer, type ApiServer } from '../apiserver/start.ts';
import { buildImage } from '../images/build-image.ts';
import { openImageStore } from '../images/image-store.ts';
import { pidsWithEnv, readStat } from './runtime/process/proc.ts';

let folder: string;
let server: ApiServer;
let client: Client;
let child: ChildProcess | undefined;
const uids = new Map<string, string>();

/** A node process of its own: `stop` on its standard input stops the pods. */
function startChild(): ChildProcess {
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const code = `
    import { startNode } from ${at('./start.ts')};
    import { createClient } from ${at('../../client/https-client.ts')};
    import { silentLogger } from ${at('../../runtime/logger.ts')};
    import { systemClock, systemRandom } from ${at('../../runtime/system-clock.ts')};
    const { url, ca, dataDir } = JSON.parse(process.argv[1]);
    const node = await startNode({ client: createClient({ server: url, caPem: ca, token: 't' }), nodeNames: ['n1'], dataDir, podCidr: '127.66.0.0/16', log: silentLogger, clock: systemClock, random: systemRandom });
    process.stdin.once('data', async () => { await node.stopAllPods(); process.exit(0); });
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', code, JSON.stringify({ url: server.url, ca: server.caPem, dataDir: folder })], { stdio: ['pipe', 'inherit', 'inherit'] });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aweigh-killed-'));
  await mkdir(join(folder, 'app'));
  await writeFile(join(folder, 'app', 'image.json'), '{"entrypoint":["sh","-c","trap \\"exit 0\\" TERM; while :; do sleep 0.2; done"]}');
  await buildImage(join(folder, 'app'), 'app:v1', openImageStore(join(folder, 'images')));
  server = await startApiServer({ dataDir: join(folder, 'api'), log: silentLogger, clock: systemClock, random: systemRandom, loopbackAddresses: true, staticTokens: [{ token: 't', user: 'admin', groups: ['system:masters'] }] });
  client = createClient({ server: server.url, caPem: server.caPem, token: 't' });
  await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
});

/** One that ends by itself meanwhile is well too. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

afterAll(async () => {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.stdin?.write('stop\n');
    await gone;
  }
  // After a failure nobody else stops what it left.
  for (const uid of uids.values()) for (const pid of pidsWithEnv(`POD_UID=${uid}`)) kill(pid);
  client.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const pod = (name: string): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { nodeName: 'n1', terminationGracePeriodSeconds: 5, automountServiceAccountToken: false, containers: [{ name: 'app', image: 'app:v1' }] } });

/** Again where a kept connection was closed under it: nothing of it was done then, or all. */
async function connected<T>(call: () => Promise<T>): Promise<T | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (e) {
      if (tries > 0 && (isAlreadyExists(e) || isNotFound(e))) return undefined;
      if (tries >= 3 || !(e instanceof StatusError) || e.reason !== 'ConnectionLost') throw e;
    }
  }
}

async function until(what: string, look: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  for (const endMs = Date.now() + withinMs; !(await look().catch(() => false)); ) {
    if (Date.now() > endMs) throw new Error(`Not so within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a node process that is killed again and again, while pods come and go, restarts none, starts none twice and forgets none', async () => {
  const deleted: string[] = [];
  const leaders = (uid: string): number[] => pidsWithEnv(`AWEIGH_CONTAINER=${uid}/app/0`).filter((pid) => readStat(pid)?.group === pid);
  const seen = new Map<string, number>();
  for (let round = 0; round < 8; round++) {
    child = startChild();
    await Promise.all([0, 1, 2].map(async (i) => {
      const name = `p${round}-${i}`;
      await connected(() => client.create(Pods, pod(name)));
      uids.set(name, (await connected(() => client.get(Pods, { namespace: 'default', name })))?.metadata?.uid ?? '');
    }));
    if (round > 0) {
      await connected(() => client.delete(Pods, { namespace: 'default', name: `p${round - 1}-0` }));
      deleted.push(uids.get(`p${round - 1}-0`) ?? '');
    }
    // The kill falls before, amid and after the starts of this round's pods.
    await until('the pods begin to start', () => Promise.resolve(leaders(uids.get(`p${round}-0`) ?? '').length > 0));
    await new Promise((resolve) => setTimeout(resolve, round * 15));
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    for (const uid of uids.values()) {
      const [leader] = leaders(uid);
      if (leader === undefined) continue;
      // What runs is what ran.
      if (seen.has(uid)) expect(leader).toBe(seen.get(uid));
      seen.set(uid, leader);
    }
  }
  child = startChild();
  const wanted = 8 * 3 - deleted.length;
  await until('all pods run, and the deleted are gone', async () => {
    const { items } = await client.list(Pods, { namespace: 'default' });
    return items.length === wanted && items.every((p) => p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
  });
  const { items } = await client.list(Pods, { namespace: 'default' });
  expect(items.map((p) => p.status?.containerStatuses?.[0]?.restartCount)).toEqual(items.map(() => 0));
  expect(items.map((p) => leaders(p.metadata?.uid ?? '').length)).toEqual(items.map(() => 1));
  expect(new Set(items.map((p) => p.status?.podIP)).size).toBe(items.length);
  expect(deleted.flatMap((uid) => pidsWithEnv(`POD_UID=${uid}`))).toEqual([]);
}, 90_000);
