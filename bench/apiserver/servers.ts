import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { once, type Target } from './load-client.ts';
import { PART_NODE_FLAGS } from '../../src/cli/processes/node-flags.ts';

/** A server that runs, with what it took to get there. */
export interface RunningServer {
  readonly name: string;
  readonly target: Target;
  /** From exec to the first 200 of /readyz, in milliseconds. */
  readonly readyMs: number;
  /** Resident memory of all its processes, in MB. */
  memoryMb(): number;
  /** Processor time that its processes have taken so far, in seconds. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** Folder of the real etcd and kube-apiserver: `PEERS`, or where the build script puts them. */
export const peersFolder = (): string => process.env['PEERS'] ?? join(homedir(), '.cache', 'aweigh-peers', 'bin');
export const hasPeers = (): boolean => ['etcd', 'kube-apiserver'].every((name) => existsSync(join(peersFolder(), name)));

/** Real etcd and kube-apiserver: durable, RBAC on, default admission. A directory that was used before is used on. */
export async function startReal(directory: string): Promise<RunningServer> {
  mkdirSync(directory, { recursive: true });
  const at = (name: string): string => join(directory, name);
  if (!existsSync(at('sa.key'))) {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs1', format: 'pem' } });
    writeFileSync(at('sa.key'), privateKey, { mode: 0o600 });
    writeFileSync(at('sa.pub'), publicKey);
  }
  const token = randomBytes(24).toString('hex');
  writeFileSync(at('tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  const [port, clientPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${clientPort}`, peerUrl = `http://127.0.0.1:${peerPort}`;
  const startedAt = performance.now();
  const etcd = run(join(peersFolder(), 'etcd'), ['--data-dir', at('etcd'), '--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl, '--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`], at('etcd.log'));
  const apiserver = run(join(peersFolder(), 'kube-apiserver'), [
    `--etcd-servers=${etcdUrl}`, `--cert-dir=${at('certs')}`, `--secure-port=${port}`, '--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', `--service-account-key-file=${at('sa.pub')}`,
    `--service-account-signing-key-file=${at('sa.key')}`, '--service-account-issuer=https://kubernetes.default.svc.cluster.local', `--token-auth-file=${at('tokens.csv')}`,
    '--authorization-mode=RBAC', '--service-cluster-ip-range=10.0.0.0/16', '--allow-privileged=true', '--endpoint-reconciler-type=none',
  ], at('apiserver.log'));
  return running('etcd + kube-apiserver', { host: '127.0.0.1', port, token }, startedAt, [apiserver, etcd]);
}

/** Aweigh's API server and store alone. A directory that was used before is used on. */
export async function startOurs(directory: string): Promise<RunningServer> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const startedAt = performance.now();
  const server = run(process.execPath, [...PART_NODE_FLAGS, join(import.meta.dirname, '../../dist/bin/aweigh.js'), 'apiserver', '--data', directory, '--port', String(port)], join(directory, 'apiserver.log'));
  return running('aweigh', { host: '127.0.0.1', port, token: '' }, startedAt, [server], () => tokenOf(join(directory, 'kubeconfig')));
}

async function running(name: string, target: Target, startedAt: number, children: readonly ChildProcess[], token?: () => string): Promise<RunningServer> {
  const deadline = startedAt + 60_000;
  for (;;) {
    if (performance.now() > deadline || children.some((c) => c.exitCode !== null)) throw new Error(`${name} was not ready within 60 s: see its log`);
    const answer = await once(target, { method: 'GET', path: '/readyz' }).catch(() => undefined);
    if (answer?.status === 200) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const readyMs = performance.now() - startedAt;
  return {
    name, readyMs, target: token === undefined ? target : { ...target, token: token() },
    memoryMb: () => children.reduce((sum, c) => sum + (c.pid === undefined ? 0 : memoryMb(c.pid)), 0),
    cpuSeconds: () => children.reduce((sum, c) => sum + (c.pid === undefined ? 0 : cpuSeconds(c.pid)), 0),
    async stop() {
      for (const child of children) await ended(child);
    },
  };
}

function tokenOf(kubeconfig: string): string {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as { users?: { user?: { token?: string } }[] };
  return config.users?.[0]?.user?.token ?? '';
}

function run(program: string, args: readonly string[], log: string): ChildProcess {
  const output = openSync(log, 'a');
  return spawn(program, args, { stdio: ['ignore', output, output] });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
    child.on('exit', () => { clearTimeout(force); resolve(); });
    child.kill('SIGTERM');
  });
}

function memoryMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readProc(`${pid}/status`))?.[1] ?? 0) / 1_024;
}

/** Fields 14 and 15 of proc(5) stat, in ticks of a hundredth of a second. */
function cpuSeconds(pid: number): number {
  const stat = readProc(`${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
