import { compareAge } from '../../api/age.ts';
import type { Release } from '../../api/release/release.ts';
import { Builds, Releases } from '../../api/kinds.ts';
import type { ClusterAccess } from '../cluster-access.ts';
import { table } from '../output/table.ts';
import { UserError } from '../user-error.ts';

export interface Member {
  readonly application: string;
  /** Absent: nothing was pushed for it yet. */
  readonly build?: string;
  readonly release?: Release;
}

/** Each Application of a group with the newest Release of its Build, in the group's order. */
export async function groupMembers({ client, namespace }: ClusterAccess, name: string): Promise<Member[]> {
  const [builds, releases] = await Promise.all([client.list(Builds, { namespace }), client.list(Releases, { namespace })]);
  const own = builds.items.filter((b) => b.spec.group?.name === name).toSorted(compareAge);
  const group = own.at(-1)?.spec.group;
  if (group === undefined) throw new UserError(`No Build in namespace ${namespace} is in a group ${name}: push one with --group ${name}=APPLICATION,…`);
  return group.applications.map((application) => {
    const build = own.findLast((b) => b.spec.application === application)?.metadata?.name;
    const release = releases.items.filter((r) => r.spec.build === build && r.spec.type !== 'rollback').toSorted(compareAge).at(-1);
    return { application, ...(build !== undefined && { build }), ...(release && { release }) };
  });
}

export function groupText(members: readonly Member[]): string {
  return table(['APPLICATION', 'BUILD', 'PHASE', 'TRACK', 'MESSAGE'], members.map(({ application, build, release }) => [
    application, build ?? '-', release?.status?.phase ?? (build === undefined ? 'Missing' : 'Pending'), release?.status?.track ?? '-', release?.status?.message ?? (build === undefined ? 'nothing pushed yet' : ''),
  ]));
}
