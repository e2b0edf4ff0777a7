import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import type { Router, RouterSpec } from '../../../src/api/router/router.ts';
import type { Client } from '../../../src/client/client.ts';
import { createClient } from '../../../src/client/https-client.ts';
import { EndpointSlices, Services } from '../../../src/client/kinds.ts';
import { isNotFound } from '../../../src/client/status-error.ts';
import { trafficOf } from '../../../src/controllers/routing/reconcile.ts';
import type { RoutePublisher } from '../../../src/controllers/routing/route-publisher.ts';
import type { TrafficServer } from '../../../src/controllers/routing/traffic-provider.ts';
import { startApiServer, type ApiServer } from '../../../src/engine/apiserver/start.ts';
import { HttpRoutes } from '../../../src/providers/traffic/gateway-api/kinds.ts';
import { gatewayApiPublisher } from '../../../src/providers/traffic/gateway-api/publisher.ts';
import { freshAddress } from '../../../src/providers/traffic/router-fixture.ts';
import { protocolRules } from '../../../src/providers/traffic/protocol-rules.ts';
import { routingRules, type RoutedEntry } from '../../../src/providers/traffic/routing-rules.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { sharedInformers } from '../../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../../src/runtime/system-clock.ts';
import { eventually } from '../../e2e/command-line.ts';
import { missing } from './traefik-binary.ts';
import { Traefik } from './traefik.ts';

const why = missing();
if (why !== undefined) console.warn(`Routing by a real gateway is not tested: ${why}`);
const PORT = 8080;
const FOLLOW_DEADLINE_MS = 30_000;
const namespace = 'default';

describe.runIf(why === undefined)('Traefik, told by HTTPRoutes', () => {
  let dir: string;
  let server: ApiServer;
  let client: Client;
  let traefik: Traefik;
  let publisher: RoutePublisher;
  const address = freshAddress();
  const stop = new AbortController();

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'aweigh-traefik-'));
    server = await startApiServer({ dataDir: dir, log: silentLogger, clock: systemClock, random: systemRandom, loopbackAddresses: true, staticTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }] });
    client = createClient({ server: server.url, caPem: server.caPem, token: 'admin-token' });
    const context = { client, clock: systemClock, random: systemRandom, log: silentLogger, signal: stop.signal };
    publisher = gatewayApiPublisher({ ...context, informer: sharedInformers(context) });
    traefik = await Traefik.start({ client, server: server.url, caPem: server.caPem, token: 'admin-token', address, port: PORT, throttle: '50ms' });
  });
  afterAll(async () => {
    stop.abort();
    await traefik?.stop();
    client?.close();
    await server?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  let routers = 0;
  async function entry({ appProtocol }: { readonly appProtocol?: string } = {}): Promise<RoutedEntry> {
    const name = `shop-${++routers}`;
    const metadata = { name, namespace, uid: `uid-of-${name}` };
    const specOf = (of: RouterSpec): RouterSpec => ({
      ...of, application: name, provider: 'gateway-api', gateway: { parentRefs: [{ name: traefik.gateway.name }], settleSeconds: 0 }, port: PORT,
      backends: of.backends.map((b) => ({ ...b, service: `${name}-${b.name}` })),
    });
    onTestFinished(() => client.delete(HttpRoutes, { namespace, name }));
    return {
      address,
      async route(of, there) {
        const spec = specOf(of);
        const wanted = new Map<string, readonly TrafficServer[]>([[`${name}-refused`, []], ...spec.backends.map((b) => [b.service, there.get(b.name) ?? []] as const)]);
        for (const [service, list] of wanted) await makeService(service, list, appProtocol);
        const router: Router = { metadata, spec };
        const traffic = trafficOf(spec, there);
        await eventually('Traefik to accept the routes', async () => {
          const { answers } = await publisher.publish(router, traffic, stop.signal);
          const waiting = answers.find((a) => a.outcome === 'waits');
          if (waiting !== undefined) throw new Error(JSON.stringify(answers));
          return true;
        }, FOLLOW_DEADLINE_MS);
        await eventually('its data plane to follow', async () => {
          const addresses = new Map([...wanted].map(([service, list]) => [service, list.filter((s) => !s.draining).map((s) => `${s.address}:${s.port}`)]));
          return (await traefik.follows(await client.get(HttpRoutes, { namespace, name }), addresses)) ? true : undefined;
        }, FOLLOW_DEADLINE_MS);
      },
    };
  }

  async function makeService(name: string, list: readonly TrafficServer[], appProtocol?: string): Promise<void> {
    const ports = [{ name: 'http', port: PORT, protocol: 'TCP' as const, ...(appProtocol !== undefined && { appProtocol }) }];
    const options = { fieldManager: 'test' };
    if (await client.get(Services, { namespace, name }).then(() => false, isNotFound)) await client.apply(Services, { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { clusterIP: 'None', ports } }, options);
    await client.apply(EndpointSlices, {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } }, addressType: 'IPv4', ports: list.length === 0 ? [] : ports,
      endpoints: list.map((s) => ({ addresses: [s.address], conditions: { ready: !s.draining, serving: true, terminating: s.draining } })),
    }, options);
  }

  routingRules(() => entry());
  protocolRules(entry);
});
