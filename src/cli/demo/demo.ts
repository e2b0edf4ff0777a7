import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Router } from '../../api/router/router.ts';
import { hasEnded, type Release } from '../../api/release/release.ts';
import { Applications, Deliveries, Releases, Routers } from '../../api/kinds.ts';
import { routerName } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import { Pods, Services } from '../../client/kinds.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { Clock } from '../../runtime/clock.ts';
import { applyManifests } from '../operations/apply-manifests.ts';
import { pushBuild } from '../operations/push-build.ts';
import { waitFor } from '../operations/wait-for.ts';
import { judge, RoutingTimeline, type Verdict } from './checker.ts';
import { LoadProcess } from './load-process.ts';
import type { RequestRecord } from './request-log.ts';
import { Screen } from './screen.ts';
import { renderView } from './view.ts';

const NAMESPACE = 'default';
const APPLICATION = 'account-service';
const VERSIONS = ['v1.17.0', 'v1.18.0'] as const;
const READY_DEADLINE_MS = 90_000;
const RELEASE_DEADLINE_MS = 240_000;
const DRAW_MS = 250;

export interface DemoOptions {
  readonly client: Client;
  readonly informer: ControllerContext['informer'];
  /** `examples/account-service`. */
  readonly example: string;
  /** Packs a folder as an image; returns `name@sha256:…`. */
  readonly buildImage: (folder: string, tag: string) => Promise<string>;
  /** Program and arguments of `aweigh load`. */
  readonly loadCommand: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly requestsPerSecond: number;
  readonly workDirectory: string;
  /** The record's work tree. */
  readonly recordDirectory: string;
  readonly out: NodeJS.WriteStream;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface DemoResult extends Omit<Verdict, 'examples'> {
  readonly releases: readonly { build: string; phase: string; seconds: number }[];
  readonly recordCommits: number;
  readonly pods: number;
  readonly router: Router['spec']['provider'];
}

/** The main job on the real example: v1.17.0 in production, then v1.18.0 through all tracks under load, judged request by request. */
export async function runDemo(options: DemoOptions): Promise<{ result: DemoResult; examples: readonly string[]; gitLog: string }> {
  const { client, informer, clock, signal } = options;
  const say = (text: string): void => { options.out.write(`${text}\n`); };
  const images = new Map<string, string>();
  for (const version of VERSIONS) images.set(version, await options.buildImage(join(options.example, version), `${APPLICATION}:${version}`));
  await options.buildImage(join(options.example, 'profile-service'), 'profile-service:v1.0.0');
  say(`Built ${VERSIONS.map((v) => `${APPLICATION}:${v}`).join(', ')} and profile-service:v1.0.0`);
  for (const file of ['profile-service.yaml', 'application.yaml']) await applyManifests(client, readFileSync(join(options.example, file), 'utf8'), file, NAMESPACE);

  const timeline = followRouting(options);
  await push(options, VERSIONS[0], images);
  await releaseEnded(options, VERSIONS[0], undefined);
  const address = await routerAddress(options);
  say(`${VERSIONS[0]} is in production, http://${address} answers; load begins\n`);

  const log = join(options.workDirectory, 'requests.jsonl');
  const [program, ...args] = options.loadCommand;
  const load = new LoadProcess([program, ...args, '--url', `http://${address}`, '--rate', String(options.requestsPerSecond), '--log', log], options.env);
  try {
    await waitFor('the first answered requests', { clock, deadlineMs: READY_DEADLINE_MS, signal }, () => (load.progress.requests > options.requestsPerSecond ? true : undefined));
    await push(options, VERSIONS[1], images);
    await releaseEnded(options, VERSIONS[1], load);
    const settled = load.progress.requests + 2 * options.requestsPerSecond;
    await waitFor('requests after the release', { clock, deadlineMs: READY_DEADLINE_MS, signal }, () => (load.progress.requests > settled ? true : undefined));
    await load.stop();
  } catch (error) {
    load.kill();
    throw error;
  }
  const records = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as RequestRecord);
  const { examples, ...verdict } = judge(records, timeline.states(), []);
  const gitLog = execFileSync('git', ['-C', options.recordDirectory, 'log', '--format=%h %an: %s'], { encoding: 'utf8' });
  const pods = await client.list(Pods, { namespace: NAMESPACE });
  const router = informer(Routers).get({ namespace: NAMESPACE, name: routerName(APPLICATION) });
  const result: DemoResult = {
    ...verdict,
    releases: VERSIONS.map((version) => summary(findRelease(options, version), version)),
    recordCommits: gitLog.trim().split('\n').length,
    pods: pods.items.filter((p) => p.status?.phase === 'Running').length,
    router: router?.spec.provider ?? 'builtin',
  };
  return { result, examples, gitLog };
}

/** All is well: both releases are through and no request suffered. */
export function isWell(result: DemoResult): boolean {
  return result.requests > 0 && result.failed === 0 && result.misrouted === 0 && result.cohortChanges === 0 && result.releases.every((r) => r.phase === 'Completed');
}

function followRouting({ informer }: DemoOptions): RoutingTimeline {
  const timeline = new RoutingTimeline();
  informer(Routers).onChange(({ current }) => { if (current !== undefined) timeline.observe(current); });
  return timeline;
}

async function push({ client, out }: DemoOptions, version: string, images: ReadonlyMap<string, string>): Promise<void> {
  const image = images.get(version);
  if (image === undefined) throw new Error(`No image of ${version} was built`);
  await pushBuild(client, { namespace: NAMESPACE, application: APPLICATION, image, imageTag: `${APPLICATION}:${version}`, version });
  out.write(`Pushed ${version}\n`);
}

const findRelease = ({ informer }: DemoOptions, version: string): Release | undefined => informer(Releases).list(NAMESPACE).find((r) => r.spec.application === APPLICATION && r.spec.build === `${APPLICATION}-${version}`);

async function releaseEnded(options: DemoOptions, version: string, load: LoadProcess | undefined): Promise<void> {
  const { clock, informer, signal } = options;
  const screen = new Screen(options.out);
  const startedAt = clock.now();
  const key = { namespace: NAMESPACE, name: APPLICATION };
  const draw = (): void => screen.draw(renderView({
    application: informer(Applications).get(key), delivery: informer(Deliveries).get(key), router: informer(Routers).get({ namespace: NAMESPACE, name: routerName(APPLICATION) }),
    releases: informer(Releases).list(NAMESPACE).filter((r) => r.spec.build === `${APPLICATION}-${version}`), load: load?.progress ?? { requests: 0, failed: 0 }, elapsedMs: clock.now() - startedAt,
  }));
  await waitFor(`the release of ${version}`, { clock, deadlineMs: RELEASE_DEADLINE_MS, signal, intervalMs: DRAW_MS }, () => {
    draw();
    const release = findRelease(options, version);
    return release !== undefined && hasEnded(release) ? release : undefined;
  });
  screen.keep();
}

/** The router Service's address, once it answers. */
async function routerAddress({ client, clock, signal }: DemoOptions): Promise<string> {
  return waitFor('the router to answer', { clock, deadlineMs: READY_DEADLINE_MS, signal }, async () => {
    const service = await client.get(Services, { namespace: NAMESPACE, name: routerName(APPLICATION) }).catch(() => undefined);
    const { clusterIP, ports } = service?.spec ?? {};
    if (clusterIP === undefined || ports?.[0] === undefined) return undefined;
    const address = `${clusterIP}:${ports[0].port}`;
    const reply = await fetch(`http://${address}/account`, { headers: { 'X-User-Id': 'probe', 'X-Traffic-Group': 'ENTERPRISE' }, signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await reply?.arrayBuffer();
    return reply?.status === 200 ? address : undefined;
  });
}

function summary(release: Release | undefined, version: string): { build: string; phase: string; seconds: number } {
  const { phase = 'Unknown', startedAt, completedAt } = release?.status ?? {};
  const seconds = startedAt === undefined || completedAt === undefined ? 0 : (Date.parse(completedAt) - Date.parse(startedAt)) / 1_000;
  return { build: `${APPLICATION}-${version}`, phase, seconds };
}
