import type { Track } from './application/application.ts';

/**
 * Names of everything that Aweigh makes for an Application. They are a promise: people, dashboards and scripts rely on them.
 * Services are DNS labels (no dots, at most 63 characters); Deployments may hold dots, so that a version reads as it is written.
 */

/** The word for a track in names: `canary` for `free`, as in Bitmovin's installation, unless the track says otherwise. */
export function trackWord(track: Pick<Track, 'name' | 'resourceName'>): string {
  return track.resourceName ?? (track.name === 'free' ? 'canary' : track.name);
}

/** `account-service-canary`: the Service of a track, which selects the version that serves. */
export function trackServiceName(application: string, track: Pick<Track, 'name' | 'resourceName'>): string {
  return dnsLabel(`${application}-${trackWord(track)}`);
}

/** `account-service-canary-v1.18.0`. */
export function trackDeploymentName(application: string, track: Pick<Track, 'name' | 'resourceName'>, version: string): string {
  return dnsSubdomain(`${application}-${trackWord(track)}-${version}`);
}

/** `account-service-canary-v1-18-0`: the headless Service of one version on one track. */
export function candidateServiceName(application: string, track: Pick<Track, 'name' | 'resourceName'>, version: string): string {
  return dnsLabel(`${application}-${trackWord(track)}-${version}`);
}

/** `account-service-haproxy`: the router's Deployment, Service, ConfigMap, Secret and Router, or HTTPRoute, whichever provider serves. */
export function routerName(application: string): string {
  return dnsLabel(`${application}-haproxy`);
}

/** `account-service-refused`: the Service without endpoints to which Gateways send what is to be refused. */
export function refusalServiceName(application: string): string {
  return dnsLabel(`${application}-refused`);
}

/** `free-v1.18.0`: the router's backend of one version on one track. */
export function backendName(track: string, version: string): string {
  return `${track}-${version}`;
}

/** `account-service-v1.18.0`. */
export function buildName(application: string, version: string): string {
  return dnsSubdomain(`${application}-${version}`);
}

/** Name of a Release: that of its Build for the first promotion, with the type and a number behind it for any other. */
export function releaseName(build: string, type: 'promotion' | 'rollback' | 'hotfix' = 'promotion', attempt = 1): string {
  if (type === 'promotion' && attempt === 1) return build;
  return dnsSubdomain(`${build}-${type === 'promotion' ? 'retry' : type}-${attempt}`);
}

/** `settings-1f2e3d4c5b`: the unchangeable copy of a ConfigMap or Secret with that content. */
export function configCopyName(name: string, digest: string): string {
  return dnsSubdomain(`${name}-${digest.slice(0, 10)}`);
}

/** The version after `version` that differs from it by configuration alone: `v1.18.0-c1`, then `v1.18.0-c2`. */
export function configVersion(version: string, taken: ReadonlySet<string>): string {
  const base = version.replace(/-c\d+$/, '');
  let n = 1;
  while (taken.has(`${base}-c${n}`)) n++;
  return `${base}-c${n}`;
}

/** The Job that runs a test gate of a release on a track. */
export function gateJobName(release: string, track: string, gate: string): string {
  return dnsLabel(`${release}-${track}-${gate}`);
}

/** The Job of a hook; a gate's name never begins with a dash, so that the two never meet. */
export function hookJobName(release: string, track: string, when: 'before' | 'after', hook: string): string {
  return dnsLabel(`${release}-${track}--${when}-${hook}`);
}

/** Salt of a user's bucket in a segment; `PRODUCTION` for the last track's steps. */
export function bucketSeed(application: string, segment: string, release?: string): string {
  return release === undefined ? `${application}/${segment}` : `${application}/${segment}/${release}`;
}

/** A name as a label's value: at most 63 characters, shortened with a digest where it is longer. */
export function labelValue(name: string): string {
  return shorten(name, 63);
}

function dnsLabel(text: string): string {
  return shorten(text.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-'), 63);
}

function dnsSubdomain(text: string): string {
  return shorten(text.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-'), 240);
}

/** A name that is too long keeps its beginning, and a digest of the whole tells it from its like. */
function shorten(name: string, limit: number): string {
  if (name.length <= limit) return name.replace(/[-.]+$/, '');
  const digest = fnv1a(name).toString(36).padStart(7, '0');
  return `${name.slice(0, limit - 8).replace(/[-.]+$/, '')}-${digest}`;
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
