import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { PART_USERS, partAccess } from '../../src/cli/processes/part-access.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/https-client.ts';
import { Leases, Pods, ServiceAccounts } from '../../src/client/kinds.ts';
import { CertificateAuthority } from '../../src/engine/apiserver/certificates/authority.ts';
import { startApiServer, type ApiServer } from '../../src/engine/apiserver/start.ts';
import { buildImage } from '../../src/engine/images/build-image.ts';
import { openImageStore } from '../../src/engine/images/image-store.ts';
import { startNode, type RunningNode } from '../../src/engine/node/start.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { kubectlBinary } from '../e2e/kubectl-binary.ts';

/** Both ways in which kubectl opens streams: through WebSockets, as it does today, and with SPDY, as older clients do. */
const ways: readonly { readonly by: string; readonly env: Record<string, string> }[] = [{ by: 'WebSocket', env: {} }, { by: 'SPDY', env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' } }];

let folder: string;
let server: ApiServer;
let client: Client;
/** With no more rights than the node of an embedded cluster has. */
let nodeClient: Client;
let node: RunningNode;
let podIp: string;

const program = `
const http = require('node:http'), { createHash } = require('node:crypto');
http.createServer((req, res) => {
  const hash = createHash('sha256');
  req.on('data', (d) => hash.update(d)).on('end', () => res.end(hash.digest('hex')));
}).listen(Number(process.env.PORT), process.env.HOST);
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aweigh-streams-'));
  await mkdir(join(folder, 'app'));
  await writeFile(join(folder, 'app', 'image.json'), '{"entrypoint":["node","server.cjs"]}');
  await writeFile(join(folder, 'app', 'server.cjs'), program);
  await buildImage(join(folder, 'app'), 'app:v1', openImageStore(join(folder, 'images')));
  server = await startApiServer({ dataDir: join(folder, 'api'), log: silentLogger, clock: systemClock, random: systemRandom, loopbackAddresses: true, access: partAccess(), staticTokens: [{ token: 't', user: 'admin', groups: ['system:masters'] }, { token: 'n', user: PART_USERS.node, groups: [] }] });
  client = createClient({ server: server.url, caPem: server.caPem, token: 't' });
  await client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } });
  nodeClient = createClient({ server: server.url, caPem: server.caPem, token: 'n' });
  const authority = await CertificateAuthority.open(join(folder, 'api', 'pki'), systemClock);
  node = await startNode({ kubelet: { ...(await authority.serving('kubelet', ['127.0.0.1'])), clientCaPem: authority.caPem }, client: nodeClient, nodeNames: ['n1'], dataDir: folder, podCidr: `127.66.${process.pid % 250}.0/24`, log: silentLogger, clock: systemClock, random: systemRandom, hostPath: process.env['PATH']! });
  await node.ready;
  const cluster = { server: server.url, 'certificate-authority-data': Buffer.from(server.caPem).toString('base64') };
  await writeFile(join(folder, 'kubeconfig'), stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: 'c', cluster }], users: [{ name: 'u', user: { token: 't' } }], contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }], 'current-context': 'x' }));
  await client.create(Pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default' }, spec: { nodeName: 'n1', automountServiceAccountToken: false, terminationGracePeriodSeconds: 1, containers: [{ name: 'app', image: 'app:v1', ports: [{ containerPort: 8080 }], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }] } });
  podIp = await vi.waitFor(async () => {
    const { status } = await client.get(Pods, { namespace: 'default', name: 'web' });
    expect(status?.conditions?.find((c) => c.type === 'Ready')?.status).toBe('True');
    return status?.podIP ?? '';
  }, { timeout: 30_000 });
});

afterAll(async () => {
  await node.stopAllPods();
  await node.close();
  client.close();
  nodeClient.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const words = (args: readonly string[]): string[] => ['--kubeconfig', join(folder, 'kubeconfig'), ...args];
const start = (env: Record<string, string>, ...args: string[]): ChildProcess => spawn(kubectlBinary(join(tmpdir(), 'aweigh-e2e-cache')), words(args), { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });

async function kubectl(env: Record<string, string>, args: readonly string[], input?: Buffer): Promise<{ code: number | null; out: string; err: string }> {
  const child = start(env, ...args);
  child.stdin!.on('error', () => undefined).end(input);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  return { code: await ended, out, err };
}

test('a node renews its lease with the rights that it has', async () => {
  await expect.poll(() => client.get(Leases, { namespace: 'kube-node-lease', name: 'n1' }).then((l) => l.spec?.holderIdentity, () => undefined), { timeout: 30_000 }).toBe('n1');
});

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test.for(ways)('exec tells output, errors and the exit code apart: $by', async ({ env }) => {
  expect(await kubectl(env, ['exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])).toMatchObject({ code: 7, out: 'out\n', err: expect.stringMatching(/^err\n.*exit code 7/s) });
  expect(await kubectl(env, ['exec', 'web', '--', 'nothing-of-this-name'])).toMatchObject({ code: 1, err: expect.stringMatching(/not found in \$PATH/) });
});

test.for(ways)('exec takes megabytes in and gives them back: $by', async ({ env }) => {
  const bytes = randomBytes(6_000_000);
  expect(await kubectl(env, ['exec', '-i', 'web', '--', 'sha256sum'], bytes)).toMatchObject({ code: 0, out: `${digest(bytes)}  -\n` });
  const { out } = await kubectl(env, ['exec', 'web', '--', 'sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" a']);
  expect(out).toBe('a'.repeat(3_000_000));
});

test.for(ways)('exec -it gives a terminal of the size that the person has: $by', async ({ env }) => {
  // util-linux's script plays the person's terminal.
  const command = words(['exec', '-it', 'web', '--', 'sh', '-c', 'for i in $(seq 100); do test "$(stty size)" = "33 77" && break; sleep 0.1; done; test -t 0 && stty size']).map((w) => `'${w.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('/usr/bin/script', ['-qec', `stty rows 33 cols 77; ${kubectlBinary(join(tmpdir(), 'aweigh-e2e-cache'))} ${command}`, '/dev/null'], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  expect(await text(child.stdout!)).toMatch(/33 77\r?\n/);
});

test.for(ways)('cp takes a file there and back: $by', async ({ by, env }) => {
  const bytes = randomBytes(300_000);
  await writeFile(join(folder, `there-${by}`), bytes);
  expect(await kubectl(env, ['cp', join(folder, `there-${by}`), `default/web:copied-${by}`])).toMatchObject({ code: 0 });
  expect(await kubectl(env, ['cp', `default/web:copied-${by}`, join(folder, `back-${by}`)])).toMatchObject({ code: 0 });
  expect(await readFile(join(folder, `back-${by}`))).toEqual(bytes);
  // It is in the container's own layer, not in the image that others share.
  expect((await kubectl(env, ['exec', 'web', '--', 'ls'])).out).toContain(`copied-${by}`);
});

test.for(ways)('port-forward carries many connections at once, and says when nothing answers: $by', async ({ env }) => {
  const child = start(env, 'port-forward', 'pod/web', ':8080', ':9');
  let said = '';
  child.stdout!.on('data', (d: Buffer) => (said += d.toString()));
  child.stderr!.on('data', (d: Buffer) => (said += d.toString()));
  try {
    const local = (to: number): string | undefined => new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${to}\\b`).exec(said)?.[1];
    await expect.poll(() => local(8080) !== undefined && local(9) !== undefined, { timeout: 30_000 }).toBe(true);
    const bodies = Array.from({ length: 12 }, (_, i) => randomBytes(100_000 * i));
    const answers = await Promise.all(bodies.map(async (body) => (await fetch(`http://127.0.0.1:${local(8080)}/`, { method: 'POST', body })).text()));
    expect(answers).toEqual(bodies.map(digest));
    await expect(fetch(`http://127.0.0.1:${local(9)}/`)).rejects.toThrow();
    await expect.poll(() => said, { timeout: 30_000 }).toMatch(/cannot reach port 9 of the pod/);
    expect(podIp).toMatch(/^127\.66\./);
  } finally {
    child.kill();
  }
});

test('attach shows what the container writes from now on', async () => {
  await client.create(Pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'writer', namespace: 'default' }, spec: { nodeName: 'n1', automountServiceAccountToken: false, terminationGracePeriodSeconds: 0, containers: [{ name: 'app', image: 'app:v1', command: ['sh', '-c', 'while :; do echo tick; sleep 0.1; done'] }] } });
  await expect.poll(async () => (await client.get(Pods, { namespace: 'default', name: 'writer' })).status?.phase, { timeout: 30_000 }).toBe('Running');
  const child = start({}, 'attach', 'writer');
  try {
    let seen = '';
    child.stdout!.on('data', (d: Buffer) => (seen += d.toString()));
    await expect.poll(() => seen, { timeout: 30_000 }).toMatch(/tick\ntick\n/);
  } finally {
    child.kill();
  }
});

test('top shows what pods and nodes use, selects, and knows what is not there', async () => {
  const burner = { name: 'burner', image: 'app:v1', command: ['node', '-e', 'const held = Buffer.alloc(120e6, 1); setInterval(() => { for (const end = Date.now() + 90; Date.now() < end; ); held[0]++; }, 100)'] };
  await client.create(Pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'busy', namespace: 'default', labels: { app: 'busy' } }, spec: { nodeName: 'n1', automountServiceAccountToken: false, terminationGracePeriodSeconds: 0, containers: [burner] } });
  await expect.poll(async () => {
    const { out } = await kubectl({}, ['top', 'pod', '-l', 'app=busy', '--no-headers']);
    const [, name, cpu, memory] = /^(\S+)\s+(\d+)m\s+(\d+)Mi/.exec(out) ?? [];
    return { name, busy: Number(cpu) > 200, holds: Number(memory) > 110 };
  }, { timeout: 60_000 }).toEqual({ name: 'busy', busy: true, holds: true });
  expect((await kubectl({}, ['top', 'pod', '--no-headers'])).out).toMatch(/^busy .*\n(.*\n)*web /m);
  expect((await kubectl({}, ['top', 'pod', 'busy', '--containers', '--no-headers'])).out).toMatch(/^busy\s+burner\s+\d+m\s+\d+Mi/);
  expect((await kubectl({}, ['top', 'node', '--no-headers'])).out).toMatch(/^n1\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%/);
  expect(await kubectl({}, ['top', 'pod', 'nobody'])).toMatchObject({ code: 1, err: expect.stringMatching(/not found/) });
});
