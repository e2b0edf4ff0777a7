import type { CustomResourceDefinition } from '../../../kubernetes/types.generated.ts';
import { timestamp, type ApiContext } from '../context.ts';
import type { ServedResource, Subresource } from '../resources/served-resource.ts';
import { schemaFromCustomResource } from '../schema/custom-resource.ts';

import { hasRules, loadCel } from './cel-rules.ts';
import { customStrategy } from './strategy.ts';

export const definitionsStorage = 'apiextensions.k8s.io/customresourcedefinitions';
const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

/** Serves what the definitions in the store define, from now on. Resolves when those already there are served. */
export async function followDefinitions(api: ApiContext): Promise<void> {
  const collection = api.store.collection(definitionsStorage);
  const serve = (definition: CustomResourceDefinition): void => api.registry.setCustom(definition.metadata?.name ?? '', servedBy(definition));
  const stored = [...collection.records()].map((r) => r.object as CustomResourceDefinition);
  if (stored.some(needsCel)) await loadCel();
  for (const definition of stored) serve(definition);
  collection.subscribe((events) => {
    for (const event of events) {
      if (event.current === undefined) {
        api.registry.setCustom(event.key, []);
        continue;
      }
      const definition = event.current.object as CustomResourceDefinition;
      serve(definition);
      if (definition.status?.conditions?.some((c) => c.type === 'Established') !== true) {
        establish(api, event.key).catch((error: unknown) => api.log.error({ err: error, name: event.key }, 'A custom resource definition could not be established'));
      }
    }
  });
}

async function establish(api: ApiContext, name: string): Promise<void> {
  const collection = api.store.collection(definitionsStorage);
  const definition = api.store.head(collection, name)?.object as CustomResourceDefinition | undefined;
  if (definition === undefined) return;
  if (needsCel(definition)) await loadCel();
  const now = timestamp(api.clock.now());
  const condition = (type: string, reason: string, message: string): object => ({ type, status: 'True', lastTransitionTime: now, reason, message });
  const names = definition.spec?.names;
  await api.store.put(collection, name, {
    ...definition,
    status: {
      ...definition.status, acceptedNames: { ...names, singular: names?.singular ?? names?.kind?.toLowerCase(), listKind: names?.listKind ?? `${names?.kind}List` },
      storedVersions: (definition.spec?.versions ?? []).filter((v) => v.storage).map((v) => v.name),
      conditions: [condition('NamesAccepted', 'NoConflicts', 'no conflicts found'), condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted')],
    },
  } as CustomResourceDefinition);
}

const needsCel = (definition: CustomResourceDefinition): boolean => (definition.spec?.versions ?? []).some((v) => hasRules(v.schema?.openAPIV3Schema));

function servedBy(definition: CustomResourceDefinition): ServedResource[] {
  const { spec } = definition;
  if (spec?.names === undefined) return [];
  const { names, group = '' } = spec;
  return (spec.versions ?? []).filter((v) => v.served).map((version): ServedResource => {
    const subresources: Subresource[] = [
      ...(version.subresources?.status === undefined ? [] : [{ name: 'status', kind: names.kind ?? '', verbs: ['get', 'patch', 'update'] }]),
      ...(version.subresources?.scale === undefined ? [] : [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] }]),
    ];
    const schema = schemaFromCustomResource(version.schema?.openAPIV3Schema, spec.preserveUnknownFields === true);
    return {
      group, version: version.name ?? '', plural: names.plural ?? '', singular: names.singular ?? names.kind?.toLowerCase() ?? '', kind: names.kind ?? '', namespaced: spec.scope === 'Namespaced',
      shortNames: names.shortNames ?? [], categories: names.categories ?? [], verbs, subresources: new Map(subresources.map((s) => [s.name, s])),
      columns: [{ name: 'Name', type: 'string', format: 'name' }, ...(version.additionalPrinterColumns ?? [{ name: 'Age', type: 'date' }]).map((c) => ({ ...c, name: c.name ?? '', type: c.type ?? 'string' }))],
      storage: `${group}/${names.plural}`, strategy: customStrategy(version.schema?.openAPIV3Schema, version.subresources?.status !== undefined), schema: () => schema, custom: { definition, version },
    };
  });
}
