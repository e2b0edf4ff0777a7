import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customResourceDefinitions } from '../../src/api/crds.ts';
import { Routers } from '../../src/api/kinds.ts';
import { createClient } from '../../src/client/https-client.ts';
import { CustomResourceDefinitions, EndpointSlices, Pods, Secrets, ServiceAccounts } from '../../src/client/kinds.ts';
import { routingController } from '../../src/controllers/routing/controller.ts';
import { startApiServer } from '../../src/engine/apiserver/start.ts';
import { controlAuthority } from '../../src/providers/traffic/control-certificates.ts';
import { gatewayApiPublisher } from '../../src/providers/traffic/gateway-api/publisher.ts';
import { trafficProviders } from '../../src/providers/traffic/traffic-providers.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { runControllers, sharedInformers } from '../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { type BenchProcess, type RouterKind, spec, startRouter } from './routers.ts';

export interface Switches {
  readonly kind: RouterKind;
  /** Of each Router. */
  readonly routers: number;
  readonly alone: Percentiles;
  /** So many Routers at once. */
  readonly count: number;
  readonly together: Percentiles;
}
interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

const ROUTERS = { haproxy: { count: 30, pods: 4 }, builtin: { count: 5, pods: 4 } } as const;
const ALONE = 60;
const TOGETHER = 5;
const namespace = 'default';

/** From the change of a share to the status that says that every router was read back. All Routers of the run share one certificate authority. */
export async function measureSwitches(kind: RouterKind): Promise<Switches> {
  const { count, pods } = ROUTERS[kind];
  const dir = mkdtempSync(join(tmpdir(), 'aweigh-bench-switches-'));
  const context = { clock: systemClock, random: systemRandom, log: silentLogger };
  const server = await startApiServer({ ...context, dataDir: dir, loopbackAddresses: true, staticTokens: [{ token: 'bench', user: 'bench', groups: ['system:masters'] }] });
  const client = createClient({ server: server.url, caPem: server.caPem, token: 'bench' });
  const stop = new AbortController();
  const processes: BenchProcess[] = [];
  let running: Promise<void> | undefined;
  try {
    for (const definition of customResourceDefinitions) await client.apply(CustomResourceDefinitions, definition, { fieldManager: 'bench' });
    await client.create(ServiceAccounts, { metadata: { name: 'default', namespace } });
    const issued = await controlAuthority(systemClock).issue('bench');
    const informer = sharedInformers({ ...context, client, signal: stop.signal });
    const shares = new Map<string, number>();
    for (let r = 0; r < count; r++) {
      const name = `r${r}`;
      const secret = (of: string, data: Readonly<Record<string, string>>) => client.create(Secrets, { metadata: { name: of, namespace }, type: 'Opaque', data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v).toString('base64')])) });
      await secret(`${name}-tls`, issued.pod);
      await secret(`${name}-client`, { 'ca.crt': issued.client.ca, 'tls.crt': issued.client.certificate, 'tls.key': issued.client.key });
      for (let p = 0; p < pods; p++) {
        const router = await startRouter(kind, issued, 0);
        processes.push(router);
        const pod = `${name}-${p}`;
        await client.create(Pods, { metadata: { name: pod, namespace, labels: { 'aweigh.dev/router': name } }, spec: { containers: [{ name: 'router', image: 'x' }] } });
        await client.patch(Pods, { namespace, name: pod }, { status: { phase: 'Running', podIP: router.address, podIPs: [{ ip: router.address }], conditions: [{ type: 'Ready', status: 'True' }] } }, { subresource: 'status' });
      }
      await client.create(Routers, { apiVersion: 'aweigh.dev/v1alpha1', kind: 'Router', metadata: { name, namespace }, spec: { ...spec, provider: kind } });
    }
    for (const backend of spec.backends) {
      await client.create(EndpointSlices, { metadata: { name: backend.name, namespace, labels: { 'kubernetes.io/service-name': backend.name } }, addressType: 'IPv4', ports: [{ name: 'http', port: 8080, protocol: 'TCP' }], endpoints: [{ addresses: ['127.88.255.1'], conditions: { ready: true } }] });
    }
    running = runControllers({ ...context, factories: [routingController({ providers: trafficProviders(systemClock), publisher: gatewayApiPublisher, authority: controlAuthority(systemClock) })], client, signal: stop.signal, informer });
    const routers = informer(Routers);
    const isRead = (name: string, generation: number): boolean => {
      const { status } = routers.get({ namespace, name }) ?? {};
      return (status?.observedGeneration ?? 0) >= generation && status?.pods?.filter((p) => p.observedGeneration >= generation).length === pods;
    };
    const readBack = (name: string, generation: number): Promise<void> => new Promise((resolve) => {
      if (isRead(name, generation)) return resolve();
      const end = routers.onChange(() => {
        if (!isRead(name, generation)) return;
        end();
        resolve();
      });
    });
    const flip = async (name: string): Promise<number> => {
      const share = shares.get(name) === 0 ? 500 : 0;
      shares.set(name, share);
      const from = performance.now();
      const { metadata } = await client.patch(Routers, { namespace, name }, { spec: { routes: [{ ...spec.routes[0]!, share }] } });
      await readBack(name, metadata?.generation ?? 0);
      return performance.now() - from;
    };
    const names = Array.from({ length: count }, (_, r) => `r${r}`);
    await Promise.all(names.map((name) => readBack(name, 1)));
    await Promise.all(names.map(flip));
    const alone: number[] = [];
    for (let i = 0; i < ALONE; i++) alone.push(await flip(names[i % count] ?? ''));
    const together: number[] = [];
    for (let i = 0; i < TOGETHER; i++) together.push(...(await Promise.all(names.map(flip))));
    return { kind, routers: pods, count, alone: percentiles(alone), together: percentiles(together) };
  } finally {
    stop.abort();
    await running;
    await Promise.all(processes.map((p) => p.stop()));
    client.close();
    await server.close();
    rmSync(dir, { recursive: true });
  }
}

function percentiles(list: readonly number[]): Percentiles {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
