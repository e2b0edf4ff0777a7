import { API_VERSION } from '../../api/group.ts';
import type { Build, BuildGroup } from '../../api/build/build.ts';
import { Applications, Builds, Deliveries } from '../../api/kinds.ts';
import { buildName, configVersion } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import { isAlreadyExists, isNotFound } from '../../client/status-error.ts';
import { UserError } from '../user-error.ts';

/** Such as v1.18.0, 1.18, 2026.11.23-rc1. */
export const VERSION = /^v?\d+(\.\d+)*([.-][\w.-]+)?$/;

export interface PushRequest {
  readonly namespace: string;
  readonly application: string;
  /** `name@sha256:…`. */
  readonly image: string;
  readonly imageTag?: string;
  readonly version: string;
  readonly commit?: string;
  readonly message?: string;
  readonly author?: string;
  readonly group?: BuildGroup;
}

/** Makes the Build, from which the release controller makes the Release. Pushing the same thing twice is no error, another image under one version is. */
export async function pushBuild(client: Client, request: PushRequest): Promise<Build> {
  const { namespace, application, ...spec } = request;
  const name = buildName(application, request.version);
  try {
    await client.get(Applications, { namespace, name: application });
  } catch (error) {
    if (isNotFound(error)) throw new UserError(`There is no Application ${application} in namespace ${namespace}: apply it first, then push again`, { cause: error });
    throw error;
  }
  try {
    return await client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name }, spec: { application, ...spec } }, { fieldManager: 'aweigh-cli' });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await client.get(Builds, { namespace, name });
    if (existing.spec.image === request.image) return existing;
    throw new UserError(`Build ${name} exists with another image: a Build never changes; push this one with another --version`, { cause: error });
  }
}

/** A Build of the image that is furthest ahead, which takes the configuration of now. @throws {UserError} where nothing is released yet */
export async function pushConfig(client: Client, request: { namespace: string; application: string; author: string; version: string | undefined; message: string | undefined }): Promise<Build> {
  const { namespace, application, author, message = 'configuration changed' } = request;
  const [deliveries, builds] = await Promise.all([client.list(Deliveries, { namespace }), client.list(Builds, { namespace })]);
  const ahead = deliveries.items.find((d) => d.metadata?.name === application)?.spec.tracks.find((t) => t.serving !== undefined)?.serving;
  const base = builds.items.find((b) => b.metadata?.name === ahead);
  if (base === undefined) throw new UserError(`${application} has no Build on any track yet: push an image first`);
  const { config: _, ...spec } = base.spec;
  const version = request.version ?? configVersion(spec.version, new Set(builds.items.filter((b) => b.spec.application === application).map((b) => b.spec.version)));
  return await client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { namespace, name: buildName(application, version) }, spec: { ...spec, version, author, message } }, { fieldManager: 'aweigh-cli' });
}
