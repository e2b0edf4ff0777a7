import { hasEnded, type Release } from '../../api/release/release.ts';
import { compareAge } from '../../api/age.ts';
import { Applications, Releases } from '../../api/kinds.ts';
import type { Application } from '../../api/application/application.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { ClusterAccess } from '../cluster-access.ts';
import { UserError } from '../user-error.ts';

export async function getApplication({ client, namespace }: ClusterAccess, name: string): Promise<Application> {
  try {
    return await client.get(Applications, { namespace, name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const { items } = await client.list(Applications, { namespace });
    const there = items.map((a) => a.metadata?.name).join(', ');
    throw new UserError(`There is no Application ${name} in namespace ${namespace}${there === '' ? '; none at all: apply one first' : `; there are: ${there}`}`, { cause: error });
  }
}

/** Oldest first. */
export async function releasesOf({ client, namespace }: ClusterAccess, application: string): Promise<Release[]> {
  const { items } = await client.list(Releases, { namespace });
  return items.filter((r) => r.spec.application === application).sort(compareAge);
}

/** The Release that a person means: the named one, else the one in motion. @throws {UserError} where that is none or not one */
export async function releaseInMotion(access: ClusterAccess, application: string, name: string | undefined): Promise<Release> {
  await getApplication(access, application);
  const releases = await releasesOf(access, application);
  if (name !== undefined) {
    const named = releases.find((r) => r.metadata?.name === name || r.metadata?.name === `${application}-${name}`);
    if (named === undefined) throw new UserError(`${application} has no Release ${name}: 'aweigh release history ${application}' lists them`);
    return named;
  }
  const moving = releases.filter((r) => !hasEnded(r));
  const [only] = moving;
  if (only === undefined) throw new UserError(`No Release of ${application} is in motion: push a Build first, or see 'aweigh release history ${application}'`);
  if (moving.length > 1) throw new UserError(`${moving.length} Releases of ${application} are in motion (${moving.map((r) => r.metadata?.name).join(', ')}): name one with --release`);
  return only;
}
