import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Agent} from 'node:http';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Application, RouterTemplate } from '../../api/application/application.ts';
import type { UserIdSource } from '../../api/router/identity.ts';
import type { RouterSpec } from '../../api/router/router.ts';
import type { ControlCredentials, RouterPod, Traffic, TrafficProvider } from '../../controllers/routing/traffic-provider.ts';
import { startBuiltinRouter } from './builtin/start.ts';
import { controlAuthority } from './control-certificates.ts';
import { CONFIG_DIR, CONTROL_PORT, HEALTH_PORT, type RouterLayout, RUN_DIR, TLS_DIR } from './router-layout.ts';
import { routerRenderers } from './router-pods.ts';
import { trafficProviders } from './traffic-providers.ts';

/** Real routers and services on loopback, for tests. */
export type RouterKind = 'haproxy' | 'builtin';
const PORT = 8080;
const clock = { now: () => Date.now(), after: (ms: number, call: () => void) => { const timer = setTimeout(call, ms); return () => clearTimeout(timer); } };

export const hasHaproxy = (): boolean => spawnSync('haproxy', ['-v']).status === 0;

export const application: Application = {
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    template: {},
    ports: [{ name: 'http', port: PORT }],
    tracks: [
      { name: 'internal', replicas: 2, segment: 'INTERNAL' },
      { name: 'free', replicas: 4, segment: 'FREE', percent: 5 },
      { name: 'paid', replicas: 4, segment: 'PAID', percent: 100, strict: false },
      { name: 'production', replicas: 10 },
    ],
  },
};
const spec: RouterSpec = { application: 'shop', provider: 'haproxy', port: PORT, userId: { header: 'X-User-Id', cookie: 'uid' }, defaultSegment: 'PAID', backends: [], routes: [], production: { seed: 'shop/PRODUCTION' } };

let block = (process.pid % 200) + 20;
let host = 0;
/** A loopback address that nobody else of this process has. */
export function freshAddress(): string {
  if (++host > 250) [host, block] = [1, block + 1];
  return `127.77.${block}.${host}`;
}

export interface RouterHandle {
  readonly pod: RouterPod;
  readonly credentials: ControlCredentials;
  readonly provider: TrafficProvider;
  tell(traffic: Traffic): ReturnType<TrafficProvider['tell']>;
  ready(): Promise<number>;
  /** Lines of the access log so far. */
  log(): Record<string, unknown>[];
  /** As preStop does. */
  stop(): Promise<void>;
  /** Ends at once and starts again, at the same address. */
  restart(): Promise<void>;
  /** Another HAProxy process takes over, as a reload does; the first finishes what it has. Absent for the built-in router, which has none. */
  reload?(): Promise<void>;
  /** Sends a signal to HAProxy's process. */
  signal?(name: NodeJS.Signals): void;
  dispose(): Promise<void>;
}

export interface RouterOptions {
  /** The Application's router template. */
  readonly router?: RouterTemplate;
  readonly userId?: UserIdSource;
  readonly appProtocol?: string;
  /** Files of the control Secret, where somebody else issued them. */
  readonly pem?: Readonly<Record<string, string>>;
}

export async function startRouter(kind: RouterKind, options: RouterOptions = {}): Promise<RouterHandle> {
  const address = freshAddress();
  const root = mkdtempSync(join(tmpdir(), 'router-'));
  const issued = await controlAuthority(clock).issue('shop-haproxy');
  const pem = options.pem ?? issued.pod;
  for (const folder of [CONFIG_DIR, TLS_DIR, RUN_DIR]) mkdirSync(join(root, folder), { recursive: true });
  const data = routerRenderers()[kind].configMapData({ ...application, spec: { ...application.spec, ...(options.router && { router: options.router }), ports: [{ name: 'http', port: PORT, ...(options.appProtocol && { appProtocol: options.appProtocol }) }] } }, { ...spec, provider: kind, ...(options.userId && { userId: options.userId }), ...(options.router?.edge && { edge: true }) });
  for (const [name, content] of Object.entries(data)) writeFileSync(join(root, CONFIG_DIR, name), content);
  for (const [name, content] of Object.entries(pem)) writeFileSync(join(root, TLS_DIR, name), content);
  const provider = trafficProviders(clock)[kind];
  const pod = { name: 'router', address };
  let running: RouterProcess;
  const replaced: RouterProcess[] = [];
  let logged = '';
  const write = (text: string): void => void (logged += text);
  const start = async (): Promise<void> => {
    running = kind === 'haproxy' ? await startHaproxy(root, address, write) : await startBuiltin(JSON.parse(data['router.json'] ?? '') as RouterLayout, address, pem, write);
  };
  await start();
  return {
    log: () => logged.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>),
    pod, provider, credentials: issued.client,
    tell: (traffic) => provider.tell(pod, issued.client, traffic, AbortSignal.timeout(3_000)),
    ready: async () => (await send({ address, port: HEALTH_PORT, path: '/ready' })).status,
    stop() {
      provider.forget(pod);
      return running.stop('soft');
    },
    ...(kind === 'haproxy' && {
      async reload() {
        replaced.push(running);
        running = await startHaproxy(root, address, write, running.child);
      },
      signal: (name: NodeJS.Signals) => void running.child?.kill(name),
    }),
    async restart() {
      await running.stop('hard');
      await start();
    },
    async dispose() {
      await Promise.all([running, ...replaced].map((p) => p.stop('hard')));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

interface RouterProcess {
  readonly child?: ChildProcess;
  stop(signal: 'soft' | 'hard'): Promise<void>;
}

async function startHaproxy(root: string, address: string, write: (text: string) => void, replaced?: ChildProcess): Promise<RouterProcess> {
  const child: ChildProcess = spawn('haproxy', ['-f', `${CONFIG_DIR}/haproxy.cfg`, ...(replaced?.pid === undefined ? [] : ['-sf', String(replaced.pid)])], { cwd: root, env: { ...process.env, POD_IP: address }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout?.on('data', (d: Buffer) => write(d.toString()));
  let errors = '';
  child.stderr?.on('data', (d: Buffer) => (errors += d.toString()));
  const exited = once(child, 'exit');
  await untilOpen(address, () => (child.exitCode === null ? undefined : errors));
  return {
    child,
    async stop(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal === 'soft' ? 'SIGUSR1' : 'SIGKILL');
      await exited;
    },
  };
}

async function startBuiltin(layout: RouterLayout, address: string, pem: Readonly<Record<string, string>>, write: (text: string) => void): Promise<RouterProcess> {
  const router = await startBuiltinRouter({ layout, address, ca: pem['ca.crt'] ?? '', pem: pem['router.pem'] ?? '', now: () => Date.now(), elapsedMs: () => performance.now(), random: { next: Math.random }, write });
  return { stop: (signal) => router.close(signal === 'hard') };
}

async function untilOpen(address: string, failed: () => string | undefined): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(CONTROL_PORT, address, () => { socket.destroy(); resolve(true); });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    const why = failed();
    if (why !== undefined || Date.now() > deadline) throw new Error(`Router did not start: ${why ?? 'no answer'}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A service that says its version; `?ms=N` takes its time, `?status=N` answers so, `?bytes=N` at length; a POST answers with the length of its body. */
export interface Service {
  readonly address: string;
  readonly port: number;
  readonly version: string;
  requests: number;
  readonly posts: string[];
  readonly seen: IncomingMessage['headers'][];
  /** Ends the listener and cuts nothing that runs. */
  stop(): Promise<void>;
  readonly server: Server;
}

export async function startService(version: string): Promise<Service> {
  const address = freshAddress();
  const server = createServer({ keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
    service.requests++;
    service.seen.push(incoming.headers);
    if (service.seen.length > 100) service.seen.shift();
    const url = new URL(incoming.url ?? '/', 'http://x');
    let size = 0;
    incoming.on('data', (d: Buffer) => (size += d.length));
    incoming.on('end', () => {
      if (incoming.method === 'POST') service.posts.push(url.searchParams.get('id') ?? '');
      const answer = () => outgoing.writeHead(Number(url.searchParams.get('status') ?? 200), { 'X-Version': version }).end(`${version}:${size}`);
      const bytes = Number(url.searchParams.get('bytes') ?? 0);
      if (bytes > 0) return void outgoing.writeHead(200, { 'X-Version': version }).end(Buffer.alloc(bytes, 'x'));
      const ms = Number(url.searchParams.get('ms') ?? 0);
      if (ms > 0) setTimeout(answer, ms);
      else answer();
    });
  });
  server.on('upgrade', (_, socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nX-Version: ${version}\r\n\r\n`);
    socket.pipe(socket);
  });
  const service: Service = {
    address, port: PORT, version, requests: 0, posts: [], seen: [], server,
    stop: () => new Promise((resolve) => { server.close(() => resolve()); server.closeIdleConnections(); }),
  };
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(PORT, address, resolve));
  return service;
}

export interface Answer {
  readonly status: number;
  readonly version: string | undefined;
  readonly reason: string | undefined;
  readonly body: string;
}

/** @throws when no whole answer comes: what a load generator counts as failed */
export function send(options: { readonly address: string; readonly port?: number; readonly path?: string; readonly method?: string; readonly headers?: string[]; readonly body?: string | Buffer; readonly agent?: Agent }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const raw = ['Host', 'shop', ...(options.headers ?? []), ...(options.body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(options.body))])];
    const outgoing = request({ host: options.address, port: options.port ?? PORT, path: options.path ?? '/', method: options.method ?? 'GET', headers: raw, agent: options.agent ?? false }, (incoming) => {
      let body = '';
      incoming.on('data', (d: Buffer) => (body += d.toString()));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, version: incoming.headers['x-version'] as string | undefined, reason: incoming.headers['x-aweigh-reason'] as string | undefined, body }));
      incoming.on('error', reject);
      incoming.on('aborted', () => reject(new Error('aborted')));
    });
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}
