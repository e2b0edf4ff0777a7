import type { CustomResourceDefinition, CustomResourceDefinitionStatus } from '../../../kubernetes/types.generated.ts';
import { timestamp, type ApiContext } from '../context.ts';
import type { ServedResource, Subresource } from '../resources/served-resource.ts';
import type { KubernetesObject } from '../../../client/resource.ts';
import type { Collection } from '../../store/collection.ts';
import { equal } from '../patch/json.ts';
import { schemaFromCustomResource } from '../schema/custom-resource.ts';

import { cleanUp } from './clean-up.ts';
import { cleanupFinalizer, definitionsStorage, isEstablished, statusFor } from './definition-status.ts';
import { versionConversion } from './versions.ts';
import { webhookConversion } from './webhook-conversion.ts';
import { customStrategy } from './strategy.ts';

const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

/** Serves what the definitions in the store define, from now on. Resolves when those already there are served. */
export async function followDefinitions(api: ApiContext): Promise<void> {
  const collection = api.store.collection(definitionsStorage);
  /** What was decided and may not be written yet: two definitions of one commit must not both get a name. */
  const decided = new Map<string, CustomResourceDefinitionStatus>();
  const definitions = (): CustomResourceDefinition[] => [...collection.records()].map((r) => {
    const status = decided.get(r.key);
    return { ...(r.object as CustomResourceDefinition), ...(status && { status }) };
  });
  const follow = (name: string, definition: CustomResourceDefinition): void => {
    const status = statusFor(definition, definitions(), timestamp(api.clock.now()));
    decided.set(name, status);
    // Served at once where nothing is in the way, so that a client need not wait for the condition.
    if (isEstablished({ ...definition, status })) api.registry.setCustom(name, servedBy(api, { ...definition, status }));
    if (!equal(status, definition.status)) settle(api, name, definitions).catch((error: unknown) => api.log.error({ err: error, name }, 'The status of a custom resource definition could not be written'));
    if (definition.metadata?.deletionTimestamp !== undefined && definition.metadata.finalizers?.includes(cleanupFinalizer) === true) cleaners.start(name, definition);
  };
  const cleaners = new Cleaners(api, collection);
  for (const definition of definitions()) follow(definition.metadata?.name ?? '', definition);
  collection.subscribe((events) => {
    for (const event of events) {
      if (event.current !== undefined) {
        follow(event.key, event.current.object as CustomResourceDefinition);
        continue;
      }
      decided.delete(event.key);
      cleaners.stop(event.key);
      api.registry.setCustom(event.key, []);
      // A name may have become free.
      for (const other of definitions()) if (other.status?.conditions?.some((c) => c.type === 'NamesAccepted' && c.status === 'False') === true) follow(other.metadata?.name ?? '', other);
    }
  });
  await api.store.flush();
}

/** Writes the status that a definition should have by now. */
async function settle(api: ApiContext, name: string, definitions: () => CustomResourceDefinition[]): Promise<void> {
  const collection = api.store.collection(definitionsStorage);
  const definition = api.store.head(collection, name)?.object as CustomResourceDefinition | undefined;
  if (definition === undefined) return;
  const status = statusFor(definition, definitions(), timestamp(api.clock.now()));
  if (!equal(status, definition.status)) await api.store.put(collection, name, { ...definition, status } as KubernetesObject);
}

/** Empties the collections of definitions that are being deleted, a pass for each object that goes. */
class Cleaners {
  readonly #api: ApiContext;
  readonly #definitions: Collection;
  readonly #running = new Map<string, () => void>();

  constructor(api: ApiContext, definitions: Collection) {
    this.#api = api;
    this.#definitions = definitions;
  }

  start(name: string, { spec }: CustomResourceDefinition): void {
    if (this.#running.has(name)) return;
    const objects = this.#api.store.collection(`${spec?.group}/${spec?.names?.plural}`);
    const pass = (): void => {
      cleanUp(this.#api, this.#definitions, name, objects).catch((error: unknown) => this.#api.log.error({ err: error, name }, 'The objects of a custom resource definition could not be deleted'));
    };
    this.#running.set(name, objects.subscribe((events) => { if (events.some((e) => (e.current === undefined ? objects.size === 0 : e.previous === undefined))) pass(); }));
    pass();
  }

  stop(name: string): void {
    this.#running.get(name)?.();
    this.#running.delete(name);
  }
}

function servedBy(api: ApiContext, definition: CustomResourceDefinition): ServedResource[] {
  const { spec } = definition;
  if (spec?.names === undefined) return [];
  const { group = '' } = spec;
  const names = { ...spec.names, ...definition.status?.acceptedNames };
  return (spec.versions ?? []).filter((v) => v.served).map((version): ServedResource => {
    const subresources: Subresource[] = [
      ...(version.subresources?.status === undefined ? [] : [{ name: 'status', kind: names.kind ?? '', verbs: ['get', 'patch', 'update'] }]),
      ...(version.subresources?.scale === undefined ? [] : [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] }]),
    ];
    const schema = schemaFromCustomResource(version.schema?.openAPIV3Schema, spec.preserveUnknownFields === true);
    const conversion = spec.conversion?.strategy === 'Webhook' ? webhookConversion(api, definition, version) : versionConversion(definition, version);
    return {
      ...(conversion && { conversion }),
      group, version: version.name ?? '', plural: names.plural ?? '', singular: names.singular ?? names.kind?.toLowerCase() ?? '', kind: names.kind ?? '', namespaced: spec.scope === 'Namespaced',
      shortNames: names.shortNames ?? [], categories: names.categories ?? [], verbs: definition.metadata?.deletionTimestamp === undefined ? verbs : verbs.filter((v) => v !== 'create'), subresources: new Map(subresources.map((s) => [s.name, s])),
      columns: [{ name: 'Name', type: 'string', format: 'name' }, ...(version.additionalPrinterColumns ?? [{ name: 'Age', type: 'date' }]).map((c) => ({ ...c, name: c.name ?? '', type: c.type ?? 'string' }))],
      storage: `${group}/${names.plural}`, strategy: customStrategy(version.schema?.openAPIV3Schema, version.subresources?.status !== undefined), schema: () => schema, custom: { definition, version },
    };
  });
}
