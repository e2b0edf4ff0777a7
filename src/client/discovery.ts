import type { Client } from './client.ts';
import type { Resource } from './resource.ts';
import { StatusError } from './status-error.ts';

export interface DiscoveredResource extends Resource {
  readonly verbs: readonly string[];
}

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean; readonly verbs: readonly string[] }[];
}

interface GroupList {
  readonly groups?: readonly { readonly name: string; readonly preferredVersion?: { readonly version: string }; readonly versions: readonly { readonly version: string }[] }[];
}

/** Every kind that the API serves, each in its group's preferred version, without subresources.
 *  @throws {StatusError} where any group cannot be told: an incomplete answer would look like a deletion */
export async function discover(client: Client): Promise<readonly DiscoveredResource[]> {
  const read = async <T>(path: string): Promise<T> => {
    const { status, body } = await client.raw('GET', path);
    if (status !== 200) throw new StatusError({ code: status, reason: 'DiscoveryFailed', message: `Discovery at ${path} failed with HTTP ${status}` });
    return JSON.parse(body) as T;
  };
  const groups = (await read<GroupList>('/apis')).groups ?? [];
  const places = [
    { group: '', version: 'v1', path: '/api/v1' },
    ...groups.map((g) => {
      const version = g.preferredVersion?.version ?? g.versions[0]?.version ?? 'v1';
      return { group: g.name, version, path: `/apis/${g.name}/${version}` };
    }),
  ];
  const lists = await Promise.all(places.map(async (place) => ({ place, list: await read<ResourceList>(place.path) })));
  return lists.flatMap(({ place, list }) =>
    (list.resources ?? []).flatMap((r) =>
      r.name.includes('/') ? [] : [{ group: place.group, version: place.version, plural: r.name, kind: r.kind, namespaced: r.namespaced, verbs: r.verbs }],
    ),
  );
}
