import { API_VERSION } from '../../api/group.ts';
import type { Build } from '../../api/build/build.ts';
import { Applications, Builds } from '../../api/kinds.ts';
import { buildName } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import { isAlreadyExists, isNotFound } from '../../client/status-error.ts';
import { UserError } from '../user-error.ts';

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
