import table from '../../../kubernetes/data/resources.json' with { type: 'json' };
import { strategyFor } from '../kinds/registry.ts';
import { schemaFor } from '../schema/schema.ts';
import type { EquivalentResource } from '../admission/admission.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { conversions } from './conversions.ts';
import type { Column, ServedResource, Subresource } from './served-resource.ts';

interface Row {
  readonly groupVersion: string;
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly columns?: readonly Column[];
  readonly subresources: readonly Subresource[];
}

export interface ServedGroup {
  readonly group: string;
  /** Preferred version first. */
  readonly versions: readonly string[];
}

/** Every resource that the server serves now: the built-in ones and those of established custom resource definitions. */
export class ResourceRegistry {
  readonly #builtIn: readonly ServedResource[];
  #custom: ReadonlyMap<string, readonly ServedResource[]> = new Map();
  #byPath = new Map<string, ServedResource>();
  #groups: readonly ServedGroup[] = [];
  #generation = 0;
  readonly #equivalents = new Map<string, readonly EquivalentResource[]>();

  constructor() {
    this.#builtIn = (table as unknown as { resources: Row[] }).resources.map(builtIn);
    this.#index();
  }

  /** Changes whenever a resource comes, changes or goes: a key for cached documents. */
  get generation(): number {
    return this.#generation;
  }

  get groups(): readonly ServedGroup[] {
    return this.#groups;
  }

  all(): readonly ServedResource[] {
    return [...this.#byPath.values()];
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  findKind(group: string, kind: string, version?: string): ServedResource | undefined {
    return this.all().find((r) => r.group === group && r.kind === kind && (version === undefined || r.version === version));
  }

  /** By plural, any version; the preferred one where there are several. */
  findPlural(group: string, plural: string): ServedResource | undefined {
    for (const version of this.#groups.find((g) => g.group === group)?.versions ?? []) {
      const found = this.find(group, version, plural);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The same objects in other versions and groups. */
  equivalents(group: string, version: string, plural: string): readonly EquivalentResource[] {
    const key = `${group}/${version}/${plural}`;
    let known = this.#equivalents.get(key);
    if (known === undefined) {
      const own = this.#byPath.get(key);
      known = own === undefined || own.storage === '' ? [] : this.all().filter((other) => other !== own && other.storage === own.storage).map((other) => equivalent(own, other));
      this.#equivalents.set(key, known);
    }
    return known;
  }

  isBuiltIn(group: string, plural: string): boolean {
    return this.#builtIn.some((r) => r.group === group && r.plural === plural);
  }

  /** Replaces what one definition serves; an empty list removes it. */
  setCustom(definitionName: string, resources: readonly ServedResource[]): void {
    const custom = new Map(this.#custom);
    if (resources.length === 0) custom.delete(definitionName);
    else custom.set(definitionName, resources);
    this.#custom = custom;
    this.#index();
  }

  #index(): void {
    this.#generation++;
    this.#equivalents.clear();
    const served = [...this.#builtIn, ...[...this.#custom.keys()].sort().flatMap((name) => this.#custom.get(name) ?? [])];
    this.#byPath = new Map(served.map((r) => [`${r.group}/${r.version}/${r.plural}`, r]));
    const groups = (table as unknown as { groupOrder: ServedGroup[] }).groupOrder.map((g) => ({ group: g.group, versions: [...g.versions] }));
    for (const r of served) {
      const group = groups.find((g) => g.group === r.group);
      if (group === undefined) groups.push({ group: r.group, versions: [r.version] });
      else if (!group.versions.includes(r.version)) group.versions.push(r.version);
    }
    for (const g of groups) if (g.versions.length > 1 && !this.#builtIn.some((r) => r.group === g.group)) g.versions.sort(byVersionPriority);
    this.#groups = groups;
  }
}

function equivalent(own: ServedResource, other: ServedResource): EquivalentResource {
  const between = (from: ServedResource, to: ServedResource) => (object: KindObject): KindObject => {
    const stored = from.conversion?.toStored(object) ?? object;
    return (to.conversion?.fromStored(stored) ?? stored) as KindObject;
  };
  return { group: other.group, version: other.version, plural: other.plural, kind: other.kind, from: between(own, other), back: between(other, own) };
}

function builtIn(row: Row): ServedResource {
  const slash = row.groupVersion.indexOf('/');
  const group = slash < 0 ? '' : row.groupVersion.slice(0, slash);
  const version = row.groupVersion.slice(slash + 1);
  const converted = conversions.get(`${group}/${version}/${row.name}`);
  return {
    group, version, plural: row.name, singular: row.singularName, kind: row.kind, namespaced: row.namespaced,
    shortNames: row.shortNames ?? [], categories: row.categories ?? [], verbs: row.verbs,
    subresources: new Map(row.subresources.map((s) => [s.name, s])),
    columns: row.columns ?? [],
    storage: converted?.storage ?? `${group}/${row.name}`,
    ...(converted && { conversion: converted.conversion }),
    strategy: strategyFor(group, version, row.kind),
    schema: () => schemaFor(group, version, row.kind),
  };
}

/** GA before beta before alpha, higher numbers first, other names last in alphabetical order. */
export function byVersionPriority(a: string, b: string): number {
  const rank = (v: string): [number, number, number] | undefined => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(v);
    return match ? [match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0, Number(match[1]), Number(match[3] ?? 0)] : undefined;
  };
  const [x, y] = [rank(a), rank(b)];
  if (x === undefined || y === undefined) return x === y ? (a < b ? -1 : 1) : x === undefined ? 1 : -1;
  return y[0] - x[0] || y[1] - x[1] || y[2] - x[2];
}
