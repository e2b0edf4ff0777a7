import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RoutingState } from '../../../src/cli/demo/checker.ts';
import type { RequestRecord } from '../../../src/cli/demo/request-log.ts';
import type { Application } from '../../../src/api/application/application.ts';
import { Routers } from '../../../src/api/kinds.ts';
import { loadKubeconfig } from '../../../src/client/kubeconfig.ts';
import { HttpRoutes } from '../../../src/providers/traffic/gateway-api/kinds.ts';
import { freshAddress } from '../../../src/providers/traffic/router-fixture.ts';
import { eventually, ROOT } from '../../e2e/command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from '../../e2e/test-cluster.ts';
import { Traffic } from '../../e2e/traffic.ts';
import { missing } from './traefik-binary.ts';
import { Traefik } from './traefik.ts';

const why = missing();
if (why !== undefined) console.warn(`A release through a real gateway is not tested: ${why}`);
const FREE_PERCENT = 25;
const RATE = 120;
const router = { namespace: 'default', name: `${APPLICATION}-haproxy` };

describe.runIf(why === undefined)('releases through Traefik', () => {
  let cluster: TestCluster;
  let traefik: Traefik;
  beforeAll(async () => { cluster = await TestCluster.start({ flags: ['--router', 'builtin'] }); });
  afterAll(async () => {
    await traefik?.stop();
    await cluster?.stop();
  });

  test('go from internal to production and back under load: no request fails, no group reaches what it should not, and shares are as told', async () => {
    const client = await cluster.client();
    await cluster.applyExample((application) => {
      application.spec.router = exampleRouter();
      for (const track of application.spec.tracks) if (track.name === 'free') track.percent = FREE_PERCENT;
    });
    await cluster.push('v1.17.0', versionFolder('v1.17.0'));
    const told = async () => (await client.get(Routers, router)).status?.conditions?.find((c) => c.type === 'Told');
    // Before anybody installs the kinds and a controller the release waits, and says for what.
    await eventually('the way out to be said', async () => ((await told())?.reason === 'GatewayApiMissing' ? true : undefined));
    const { server, caPem = '' } = await loadKubeconfig(cluster.kubeconfig);
    traefik = await Traefik.start({ client, server, caPem, token: cluster.kubeconfigToken(), address: freshAddress() });
    expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
    expect(await cluster.aweigh('status')).toContain('Gateways 1/1 (gateway-api)');

    const traffic = await Traffic.start(cluster, RATE, traefik.url);
    await cluster.push('v1.18.0');
    expect((await cluster.releaseEnds('v1.18.0')).status?.phase).toBe('Completed');
    await traffic.more(RATE * 3);
    await cluster.aweigh('release', 'rollback', APPLICATION, '--to', 'v1.17.0');
    expect((await cluster.releaseEnds('v1.17.0-rollback-1')).status?.phase).toBe('Completed');
    await traffic.more(RATE * 3);

    const { examples, ...verdict } = await traffic.verdict('perRequest');
    const switches = traffic.states().map((s) => `${s.startedAt} to ${s.observedAt}: ${JSON.stringify([s.routes.map((r) => [r.segment, r.backend, r.share]), s.production.backend])}`);
    expect(verdict, [...examples, ...switches].join('\n')).toMatchObject({ failed: 0, misrouted: 0 });
    expect(verdict.requests).toBeGreaterThan(3_000);
    const parts = sharesOf(traffic.records(), traffic.states());
    console.log(`${verdict.requests} requests; switches until they count: ${verdict.switchIntervalsMs.join(', ')} ms; FREE on its track: ${parts.map((p) => `${(p.seen * 100).toFixed(1)} % of ${p.requests}`).join(', ')} (told ${FREE_PERCENT} %)`);
    expect(parts.length).toBeGreaterThan(0);
    for (const { wanted, seen } of parts) expect(Math.abs(seen - wanted)).toBeLessThan(0.05);
    expect(new Set(traffic.records().filter((r) => r.group === 'INTERNAL').map((r) => r.track))).toEqual(new Set(['internal']));
    expect(new Set(traffic.records().filter((r) => r.group === 'ENTERPRISE').map((r) => r.track))).toEqual(new Set(['production']));
    expect((await cluster.aweigh('record', 'log')).split('\n').length).toBeGreaterThan(5);
    expect((await client.get(HttpRoutes, router)).status?.parents?.length).toBe(1);
  });
});

/** As the example has it. */
function exampleRouter(): Application['spec']['router'] {
  const objects = parseAllDocuments(readFileSync(join(ROOT, 'examples', APPLICATION, 'gateway-api.yaml'), 'utf8')).map((d) => d.toJS() as Application);
  return objects.find((o) => o.kind === 'Application')?.spec.router;
}

/** Of the requests between two switches, where there are enough to tell. */
function sharesOf(records: readonly RequestRecord[], states: readonly RoutingState[]): { wanted: number; seen: number; requests: number }[] {
  return states.flatMap((state, i) => {
    const free = records.filter((r) => r.group === 'FREE' && r.sentAt > state.observedAt && r.finishedAt < (states[i + 1]?.startedAt ?? Infinity));
    const route = state.routes.find((r) => r.segment === 'FREE');
    return free.length < 100 || route?.backend === undefined ? [] : [{ wanted: route.share / 10_000, seen: free.filter((r) => r.track === 'free').length / free.length, requests: free.length }];
  });
}
