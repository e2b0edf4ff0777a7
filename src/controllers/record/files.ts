import { parse, stringify } from 'yaml';
import type { Application } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import type { Delivery, DeliverySpec } from '../../api/delivery/delivery.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';

export const DELIVERY_FILE = 'delivery.yaml';
export const APPLICATION_FILE = 'application.yaml';

/** One Application's folder of the record: its intent, the Builds that it holds and the specs that follow, by path. */
export function recordFiles(application: Application, delivery: Delivery, builds: readonly Build[], specs: readonly KubernetesObject[]): Map<string, string> {
  const files = new Map<string, string>([
    [APPLICATION_FILE, yaml(intentOf(application))],
    [DELIVERY_FILE, yaml(intentOf(delivery))],
  ]);
  for (const build of builds) files.set(`builds/${build.metadata?.name}.yaml`, yaml(intentOf(build)));
  for (const spec of specs) files.set(`specs/${spec.kind?.toLowerCase()}-${spec.metadata?.name}.yaml`, yaml(spec));
  return files;
}

/** The Delivery that a folder of the record states; undefined where the folder has none, or none that can be read. */
export function readDelivery(files: ReadonlyMap<string, string>): DeliverySpec | undefined {
  const text = files.get(DELIVERY_FILE);
  if (text === undefined) return undefined;
  const spec = (parse(text) as Partial<Delivery> | null)?.spec;
  return Array.isArray(spec?.tracks) ? spec : undefined;
}

/** What a person means by an object: no status, and of the metadata only what identifies it. */
export function intentOf<T extends KubernetesObject & { spec?: unknown }>(object: T): KubernetesObject & { spec: T['spec'] } {
  const { name, namespace, labels, annotations } = object.metadata ?? {};
  const kept = Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith('kubectl.kubernetes.io/')));
  return {
    ...(object.apiVersion === undefined ? {} : { apiVersion: object.apiVersion }),
    ...(object.kind === undefined ? {} : { kind: object.kind }),
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(Object.keys(kept).length === 0 ? {} : { annotations: kept }),
    },
    spec: object.spec,
  };
}

/** Keys sorted, so that a commit shows what changed and nothing else. */
function yaml(object: unknown): string {
  return stringify(object, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}
