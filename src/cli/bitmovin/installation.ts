import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Application } from '../../api/application/application.ts';
import { Applications, Builds, Releases } from '../../api/kinds.ts';
import { buildName } from '../../api/names.ts';
import { hasEnded, type Release } from '../../api/release/release.ts';
import type { Client } from '../../client/client.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { pushBuild } from '../operations/push-build.ts';
import { waitFor } from '../operations/wait-for.ts';
import { UserError } from '../user-error.ts';

export const NAMESPACE = 'default';
export const FIRST_VERSION = 'v1.17.0';
const IMAGE = 'bitmovin-service';
const RELEASE_DEADLINE_MS = 20 * 60_000;

export interface InstallationOptions {
  readonly client: Client;
  readonly informer: ControllerContext['informer'];
  /** `examples/bitmovin`. */
  readonly example: string;
  /** Packs a folder as an image; returns `name@sha256:…`. */
  readonly buildImage: (folder: string, tag: string) => Promise<string>;
  /** Real programs: tracks of 1, 1, 1 and 2 pods, and 2 routers. */
  readonly small: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface ReleasesResult {
  readonly releases: number;
  readonly completed: number;
  /** From the first push until the last has ended. */
  readonly seconds: number;
  /** The slowest of them. */
  readonly slowestSeconds: number;
}

/** Names of services, as many as wanted: those of services.txt, then the same once more with a number. */
export function serviceNames(example: string, from: number, to: number): string[] {
  const names = readFileSync(join(example, 'services.txt'), 'utf8').trim().split('\n');
  return Array.from({ length: to - from }, (_, i) => from + i).map((n) => `${names[n % names.length]}${n < names.length ? '' : `-${Math.floor(n / names.length) + 1}`}`);
}

/** Applies an Application for each name. */
export async function applyServices({ client, example, small }: InstallationOptions, names: readonly string[]): Promise<void> {
  const text = readFileSync(join(example, 'application.yaml'), 'utf8');
  for (const name of names) {
    const application = parse(text) as Application;
    const { spec } = application;
    if (small) {
      for (const track of spec.tracks) track.replicas = track.segment === undefined ? 2 : 1;
      spec.router = { ...spec.router, replicas: 2 };
    }
    await client.apply(Applications, { ...application, metadata: { name, namespace: NAMESPACE } }, { fieldManager: 'aweigh-cli', force: true });
  }
}

/** Of these services those to which nothing was ever pushed. */
export async function withoutBuild(client: Client, names: readonly string[]): Promise<string[]> {
  const pushed = new Set((await client.list(Builds, { namespace: NAMESPACE })).items.map((b) => b.spec.application));
  return names.filter((name) => !pushed.has(name));
}

/** The minor version after the highest that any of these services has. */
export async function nextVersion(client: Client, names: readonly string[]): Promise<string> {
  const { items } = await client.list(Builds, { namespace: NAMESPACE });
  const minors = items.filter((b) => names.includes(b.spec.application)).map((b) => Number(/^v1\.(\d+)\.0$/.exec(b.spec.version)?.[1] ?? 0));
  return `v1.${Math.max(...minors) + 1}.0`;
}

/** Pushes one version of every named service at once and waits until each release has ended.
 *  @param tell gets the releases now and then while they go through */
export async function releaseAll(options: InstallationOptions, names: readonly string[], version: string, tell: (releases: readonly Release[]) => void): Promise<ReleasesResult> {
  const { client, clock, informer, signal } = options;
  const image = await options.buildImage(join(options.example, 'service'), `${IMAGE}:${version}`);
  const startedAt = clock.now();
  await Promise.all(names.map((application) => pushBuild(client, { namespace: NAMESPACE, application, image, imageTag: `${IMAGE}:${version}`, version })));
  const wanted = new Set(names.map((name) => buildName(name, version)));
  const ended = await waitFor(`${names.length} releases of ${version}`, { clock, signal, deadlineMs: RELEASE_DEADLINE_MS, intervalMs: 250 }, () => {
    const own = informer(Releases).list(NAMESPACE).filter((r) => wanted.has(r.spec.build));
    tell(own);
    return own.length === wanted.size && own.every((r) => hasEnded(r)) ? own : undefined;
  });
  const took = ended.map((r) => (Date.parse(r.status?.completedAt ?? '') - Date.parse(r.status?.startedAt ?? '')) / 1_000);
  const bad = ended.filter((r) => r.status?.phase !== 'Completed');
  if (bad.length > 0) throw new UserError(`${bad.length} of ${ended.length} releases of ${version} did not complete: ${bad.slice(0, 3).map((r) => `${r.metadata?.name}: ${r.status?.phase}, ${r.status?.message}`).join('; ')}`);
  return { releases: names.length, completed: ended.length - bad.length, seconds: (clock.now() - startedAt) / 1_000, slowestSeconds: Math.max(...took) };
}

/** `2 waiting, 5 internal, 3 free, 20 completed` */
export function progressText(releases: readonly Release[]): string {
  const places = Map.groupBy(releases, (r) => (hasEnded(r) ? (r.status?.phase ?? '').toLowerCase() : (r.status?.track ?? 'waiting')));
  return [...places].map(([place, all]) => `${all.length} ${place}`).join(', ');
}
