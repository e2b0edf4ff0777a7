import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';
import table from '../../../kubernetes/data/resources.json' with { type: 'json' };
import { definitionOf } from '../schema/schema.ts';

/** One resource, or one subresource, with the schemas of what it takes and gives. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  /** The last part of the path: `pods`, or `pods/{name}/log` for a subresource. */
  readonly plural: string;
  readonly subresource?: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** The kind that the path reads and writes; a subresource's may be of another group. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  /** Definition name of that kind, and of its list. */
  readonly definition: string | undefined;
  readonly listDefinition?: string;
  readonly custom: boolean;
}

/** One served version of a custom resource. */
export interface CustomApi {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly schema: JSONSchemaProps | undefined;
  readonly status: boolean;
  readonly scale: boolean;
}

interface RecordedResource {
  readonly groupVersion: string; readonly name: string; readonly namespaced: boolean; readonly kind: string; readonly verbs: readonly string[];
  readonly subresources: readonly { readonly name: string; readonly namespaced: boolean; readonly group?: string; readonly version?: string; readonly kind: string; readonly verbs: readonly string[] }[];
}

const recorded = (table as unknown as { resources: readonly RecordedResource[] }).resources;

/** The built-in resources of every group version, such as `apps/v1`, subresources after their parent. */
export function builtInResources(): ReadonlyMap<string, readonly ServedResource[]> {
  const result = new Map<string, ServedResource[]>();
  for (const r of recorded) {
    const [group, version] = r.groupVersion.includes('/') ? r.groupVersion.split('/') as [string, string] : ['', r.groupVersion];
    const list = result.get(r.groupVersion) ?? [];
    result.set(r.groupVersion, list);
    const base = { group, version, plural: r.name, custom: false };
    const kind = { group, version, kind: r.kind };
    const listDefinition = definitionOf(group, version, `${r.kind}List`);
    list.push({ ...base, namespaced: r.namespaced, verbs: r.verbs, kind, definition: definitionOf(group, version, r.kind), ...(listDefinition ? { listDefinition } : {}) });
    for (const s of r.subresources) {
      const own = { group: s.group ?? group, version: s.version ?? version, kind: s.kind };
      list.push({ ...base, subresource: s.name, namespaced: s.namespaced, verbs: s.verbs, kind: own, definition: definitionOf(own.group, own.version, own.kind) });
    }
  }
  return result;
}

/** `dev.aweigh.v1alpha1.Application` for kind Application of aweigh.dev/v1alpha1. */
export function customDefinitionName(api: CustomApi, kind = api.kind): string {
  return `${api.group.split('.').reverse().join('.')}.${api.version}.${kind}`;
}

export function customResources(api: CustomApi): ServedResource[] {
  const kind = { group: api.group, version: api.version, kind: api.kind };
  const base = { group: api.group, version: api.version, plural: api.plural, namespaced: api.namespaced, custom: true };
  const definition = customDefinitionName(api);
  const result: ServedResource[] = [{
    ...base, kind, definition, listDefinition: customDefinitionName(api, api.listKind),
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  }];
  const verbs = ['get', 'patch', 'update'];
  if (api.status) result.push({ ...base, subresource: 'status', kind, definition, verbs });
  if (api.scale) {
    const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    result.push({ ...base, subresource: 'scale', kind: scale, definition: definitionOf('autoscaling', 'v1', 'Scale'), verbs });
  }
  return result;
}
