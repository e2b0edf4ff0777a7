import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Application } from '../../src/api/application/application.ts';
import type { RouterSpec } from '../../src/api/router/router.ts';
import type { IssuedControl } from '../../src/controllers/routing/control-authority.ts';
import { trafficOf } from '../../src/controllers/routing/reconcile.ts';
import { controlAuthority } from '../../src/providers/traffic/control-certificates.ts';
import { CONFIG_DIR, CONTROL_PORT, RUN_DIR, TLS_DIR } from '../../src/providers/traffic/router-layout.ts';
import { routerRenderers } from '../../src/providers/traffic/router-pods.ts';
import { trafficProviders } from '../../src/providers/traffic/traffic-providers.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';

export type RouterKind = 'haproxy' | 'builtin';
const PORT = 8080;
const aweigh = join(import.meta.dirname, '../../src/bin/aweigh.ts');

export interface BenchProcess {
  readonly address: string;
  stop(): Promise<void>;
}
export interface BenchRouter extends BenchProcess {
  readonly name: string;
}

export const application: Application = {
  metadata: { name: 'shop' },
  spec: {
    template: {}, ports: [{ name: 'http', port: PORT }],
    tracks: [{ name: 'internal', replicas: 2, segment: 'INTERNAL' }, { name: 'free', replicas: 4, segment: 'FREE', percent: 5 }, { name: 'paid', replicas: 4, segment: 'PAID' }, { name: 'production', replicas: 10 }],
  },
};
export const spec: RouterSpec = {
  application: 'shop', provider: 'haproxy', port: PORT, userId: { header: 'X-User-Id' }, defaultSegment: 'PAID',
  backends: [{ name: 'free-v2', track: 'free', version: 'v2', service: 'free-v2', floor: 1 }, { name: 'production-v1', track: 'production', version: 'v1', service: 'production-v1', floor: 1 }],
  routes: [{ segment: 'FREE', backend: 'free-v2', share: 500, strict: false, seed: 'shop/FREE' }],
  production: { backend: 'production-v1', seed: 'shop/PRODUCTION' },
};

let host = 0;
/** Loopback addresses of this process alone. */
export const freshAddress = (): string => `127.88.${Math.floor(++host / 250)}.${(host % 250) + 1}`;

/** Answers at once with a small body. */
export async function startService(): Promise<BenchProcess> {
  const address = freshAddress();
  const root = mkdtempSync(join(tmpdir(), 'aweigh-bench-service-'));
  writeFileSync(join(root, 'haproxy.cfg'), `global\n  nbthread 1\n  maxconn 4000\ndefaults\n  mode http\n  timeout client 60s\n  timeout connect 1s\n  timeout server 60s\nfrontend f\n  bind ${address}:${PORT}\n  http-request return status 200 content-type text/plain string "hello"\n`);
  return started(spawn('haproxy', ['-f', 'haproxy.cfg'], { cwd: root, stdio: 'ignore' }), address, PORT, root);
}

/** One router that was told. Its access log goes to a file, as that of a pod does. */
export async function startRouters({ kind, logPercent, service }: { readonly kind: RouterKind; readonly logPercent: number; readonly service: BenchProcess }): Promise<BenchRouter> {
  const issued = await controlAuthority(systemClock).issue('shop');
  const process = await startRouter(kind, issued, logPercent);
  const servers = [{ address: service.address, port: PORT, draining: false }];
  await trafficProviders(systemClock)[kind].tell({ name: kind, address: process.address, leaving: true }, issued.client, trafficOf(spec, new Map([['free-v2', servers], ['production-v1', servers]])), AbortSignal.timeout(10_000));
  return { ...process, name: `${kind}, access log ${logPercent === 0 ? 'off' : 'on'}` };
}

/** The process of one router, as its pod starts it. */
export async function startRouter(kind: RouterKind, issued: IssuedControl, logPercent: number): Promise<BenchProcess> {
  const address = freshAddress();
  const root = mkdtempSync(join(tmpdir(), 'aweigh-bench-router-'));
  for (const folder of [CONFIG_DIR, TLS_DIR, RUN_DIR]) mkdirSync(join(root, folder), { recursive: true });
  const data = routerRenderers()[kind].configMapData({ ...application, spec: { ...application.spec, router: { accessLog: { percent: logPercent } } } }, { ...spec, provider: kind });
  for (const [name, content] of Object.entries(data)) writeFileSync(join(root, CONFIG_DIR, name), content);
  for (const [name, content] of Object.entries(issued.pod)) writeFileSync(join(root, TLS_DIR, name), content, { mode: 0o600 });
  const command = kind === 'haproxy' ? ['haproxy', '-f', `${CONFIG_DIR}/haproxy.cfg`] : [process.execPath, aweigh, 'router', '--config', `${CONFIG_DIR}/router.json`];
  const log = openSync(join(root, 'log'), 'a');
  const child = spawn(command[0] ?? '', command.slice(1), { cwd: root, env: { ...process.env, POD_IP: address }, stdio: ['ignore', log, log] });
  closeSync(log);
  return started(child, address, CONTROL_PORT, root);
}

async function started(child: ChildProcess, address: string, port: number, root: string): Promise<BenchProcess> {
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
    rmSync(root, { recursive: true, force: true });
  };
  for (const deadline = Date.now() + 20_000; !(await isOpen(address, port)); ) {
    if (child.exitCode === null && Date.now() < deadline) continue;
    await stop();
    throw new Error(`${child.spawnfile} did not start at ${address}:${port}`);
  }
  return { address, stop };
}

function isOpen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => { socket.destroy(); resolve(true); });
    socket.on('error', () => setTimeout(() => resolve(false), 20));
  });
}
