import type { ResourceRegistry } from '../resources/registry.ts';
import { groupVersionOf, type ServedResource } from '../resources/served-resource.ts';

/** Discovery, in the plain forms and the aggregated one. Documents are made anew when the registry changes. */
export class DiscoveryDocuments {
  readonly #registry: ResourceRegistry;
  readonly #made = new Map<string, Buffer>();
  #generation = -1;

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
  }

  /** The document at `/api`, `/apis`, `/apis/GROUP`, `/api/v1` or `/apis/GROUP/VERSION`; undefined where nothing is served. */
  document(path: string, aggregated: boolean, address: string): Buffer | undefined {
    if (this.#generation !== this.#registry.generation) {
      this.#made.clear();
      this.#generation = this.#registry.generation;
    }
    const key = `${aggregated} ${path}`;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    const value = this.#value(path, aggregated, address);
    if (value === undefined) return undefined;
    const json = Buffer.from(JSON.stringify(value));
    this.#made.set(key, json);
    return json;
  }

  #value(path: string, aggregated: boolean, address: string): object | undefined {
    const [, root, group, version, extra] = path.split('/');
    if (root === 'api') {
      if (group === undefined || group === '') return aggregated ? this.#aggregated((g) => g === '') : { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }] };
      return group === 'v1' && version === undefined ? this.#resources('', 'v1') : undefined;
    }
    if (group === undefined || group === '') return aggregated ? this.#aggregated((g) => g !== '') : { kind: 'APIGroupList', apiVersion: 'v1', groups: this.#registry.groups.filter((g) => g.group !== '').map((g) => this.#group(g.group)) };
    if (group === '' || !this.#registry.groups.some((g) => g.group === group)) return undefined;
    if (version === undefined || version === '') return { kind: 'APIGroup', apiVersion: 'v1', ...this.#group(group) };
    return extra === undefined || extra === '' ? this.#resources(group, version) : undefined;
  }

  #group(group: string): { name: string; versions: { groupVersion: string; version: string }[]; preferredVersion: { groupVersion: string; version: string } } {
    const versions = (this.#registry.groups.find((g) => g.group === group)?.versions ?? []).map((version) => ({ groupVersion: `${group}/${version}`, version }));
    return { name: group, versions, preferredVersion: versions[0] ?? { groupVersion: group, version: '' } };
  }

  #served(group: string, version: string): ServedResource[] {
    return this.#registry.all().filter((r) => r.group === group && r.version === version).sort((a, b) => (a.plural < b.plural ? -1 : 1));
  }

  #resources(group: string, version: string): object | undefined {
    const served = this.#served(group, version);
    if (served.length === 0) return undefined;
    return {
      kind: 'APIResourceList', apiVersion: 'v1', groupVersion: groupVersionOf({ group, version }),
      resources: served.flatMap((r) => [
        {
          name: r.plural, singularName: r.singular, namespaced: r.namespaced, kind: r.kind, verbs: r.verbs,
          ...(r.shortNames.length > 0 && { shortNames: r.shortNames }), ...(r.categories.length > 0 && { categories: r.categories }), storageVersionHash: '',
        },
        ...[...r.subresources.values()].map((s) => ({ name: `${r.plural}/${s.name}`, singularName: '', namespaced: r.namespaced, kind: s.kind, verbs: s.verbs, ...(s.group !== undefined && { group: s.group, version: s.version }) })),
      ]),
    };
  }

  #aggregated(isWanted: (group: string) => boolean): object {
    const items = this.#registry.groups.filter((g) => isWanted(g.group)).map((g) => ({
      metadata: { ...(g.group !== '' && { name: g.group }), creationTimestamp: null },
      versions: g.versions.map((version) => ({ version, freshness: 'Current', resources: this.#served(g.group, version).map(aggregatedResource) })),
    }));
    return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
  }
}

function aggregatedResource(r: ServedResource): object {
  const kindOf = (group: string, version: string, kind: string): object => ({ group, version, kind });
  return {
    resource: r.plural, responseKind: kindOf(r.group, r.version, r.kind), scope: r.namespaced ? 'Namespaced' : 'Cluster', singularResource: r.singular, verbs: r.verbs,
    ...(r.shortNames.length > 0 && { shortNames: r.shortNames }), ...(r.categories.length > 0 && { categories: r.categories }),
    ...(r.subresources.size > 0 && { subresources: [...r.subresources.values()].map((s) => ({ subresource: s.name, responseKind: kindOf(s.group ?? r.group, s.version ?? r.version, s.kind), verbs: s.verbs })) }),
  };
}
