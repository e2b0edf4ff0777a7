import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RoutingState } from '../../../src/cli/demo/checker.ts';
import type { RequestRecord } from '../../../src/cli/demo/request-log.ts';
import type { Application } from '../../../src/api/application/application.ts';
import { Applications, Routers } from '../../../src/api/kinds.ts';
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
    await eventually('the record to say how each ended', async () => {
      const log = JSON.parse(await cluster.aweigh('record', 'log', APPLICATION, '-o', 'json')) as { release?: string; phase?: string }[];
      return ['v1.17.0', 'v1.18.0', 'v1.17.0-rollback-1'].every((name) => log.some((d) => d.release === `${APPLICATION}-${name}` && d.phase === 'Completed')) ? true : undefined;
    });
    expect((await client.get(HttpRoutes, router)).status?.parents?.length).toBe(1);
  });

  const application = { namespace: 'default', name: APPLICATION };
  const kindChanges = async (router: Application['spec']['router']): Promise<void> => {
    const client = await cluster.client();
    const { spec } = await client.get(Applications, application);
    // Nothing of the other kind's is left.
    await client.patch(Applications, application, { spec: { router: { ...Object.fromEntries(Object.keys(spec.router ?? {}).map((field) => [field, null])), ...router } } });
  };
  const changedTo = (kind: string): Promise<true> => eventually(`${kind} to have taken over`, async () => {
    const { metadata, spec, status } = await (await cluster.client()).get(Routers, router);
    const done = spec.provider === kind && spec.leaving === undefined && status?.observedGeneration === metadata?.generation && status?.gateways?.every((g) => (g.to === 'routers') === (kind !== 'gateway-api'));
    if (done !== true) throw new Error(JSON.stringify([spec.provider, spec.leaving, status?.gateways, status?.conditions]));
    return true as const;
  }, 240_000);
  const routersRun = async (): Promise<boolean> => (await cluster.get<{ items: unknown[] }>('pods', '-l', `aweigh.dev/router=${APPLICATION}-haproxy`)).items.length > 0;

  test('the kind of the router changes in the middle of a release, there and back, under load: the Gateway goes on, and no request fails', async () => {
    const { gateway } = exampleRouter() ?? {};
    const traffic = await Traffic.start(cluster, RATE, traefik.url);
    await cluster.push('v1.19.0');
    await kindChanges({ kind: 'builtin', replicas: 2, ...(gateway && { gateway }) });
    await changedTo('builtin');
    expect((await cluster.releaseEnds('v1.19.0')).status?.phase).toBe('Completed');
    await traffic.more(RATE * 3);
    expect((await (await cluster.client()).get(HttpRoutes, router)).spec.rules.map((r) => r.backendRefs.map((b) => b.name))).toEqual([[`${APPLICATION}-haproxy`]]);

    await cluster.push('v1.20.0');
    // From here the data plane itself is asked whether it follows.
    await kindChanges({ kind: 'gateway-api', ...(gateway && { gateway: { ...gateway, settleSeconds: 0, probe: { url: traefik.url } } }) });
    await changedTo('gateway-api');
    expect((await cluster.releaseEnds('v1.20.0')).status?.phase).toBe('Completed');
    await eventually('the routers to be gone', async () => ((await routersRun()) ? undefined : true));
    await traffic.more(RATE * 3);
    const { examples, ...verdict } = await traffic.verdict('perRequest');
    expect(verdict, examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cutByKill: 0 });
  });

  test('kill -9 of the gateway and of the controllers in the middle of a release: it goes on, nobody is led astray, and only what the gateway held open is cut', async () => {
    const traffic = await Traffic.start(cluster, RATE, traefik.url);
    await cluster.push('v1.21.0');
    await eventually('the release to have begun', async () => ((await cluster.release('v1.21.0'))?.status?.tracks?.some((t) => t.name === 'internal' && t.phase === 'Passed') === true ? true : undefined), 120_000);
    process.kill(await cluster.plane.pid('controllers'), 'SIGKILL');
    await eventually('the controllers to be back', async () => (await cluster.tryAweigh('status')).code === 0 ? true : undefined);
    await traffic.kill('gateway', traefik.pid, async () => {
      await traefik.restart();
      await eventually('the gateway to route', async () => ((await fetch(`${traefik.url}/account`, { headers: { 'X-User-Id': 'probe' } })).status === 200 ? true : undefined));
    });
    expect((await cluster.releaseEnds('v1.21.0')).status?.phase).toBe('Completed');
    await traffic.more(RATE * 3);
    const { examples, ...verdict } = await traffic.verdict('perRequest');
    console.log(`killed in mid-release: ${JSON.stringify(verdict)}`);
    expect(verdict, examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0 });
    expect(verdict.cutByKill).toBeLessThan(verdict.requests / 4);
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
