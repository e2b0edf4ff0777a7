import { parse, stringify } from 'yaml';
import type { Application } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import type { Delivery, DeliverySpec } from '../../api/delivery/delivery.ts';
import type { Release } from '../../api/release/release.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import { storyOf } from './story.ts';

export const DELIVERY_FILE = 'delivery.yaml';
export const APPLICATION_FILE = 'application.yaml';
/** Folders whose files tell the story; what the cluster is to have does not depend on them. */
export const BUILDS = 'builds/';
export const RELEASES = 'releases/';

export interface Recorded {
  readonly application: Application;
  readonly delivery: Delivery;
  readonly builds: Iterable<Build>;
  readonly releases: Iterable<Release>;
  readonly specs: readonly KubernetesObject[];
}

/** One Application's folder of the record, by path: its intent, every Build that can be gone back to, its releases, and the specs that follow. */
export function recordFiles({ application, delivery, builds, releases, specs }: Recorded): Map<string, string> {
  const files = new Map<string, string>([
    [APPLICATION_FILE, text(application, intentOf)],
    [DELIVERY_FILE, text(delivery, intentOf)],
  ]);
  for (const build of builds) files.set(`${BUILDS}${build.metadata?.name}.yaml`, text(build, dated));
  for (const release of releases) files.set(`${RELEASES}${release.metadata?.name}.yaml`, text(release, (r) => ({ ...dated(r), status: storyOf(r) })));
  for (const spec of specs) files.set(`specs/${spec.kind?.toLowerCase()}-${spec.metadata?.name}.yaml`, text(spec, (s) => s));
  return files;
}

/** The Delivery that a folder of the record states; undefined where the folder has none, or none that can be read. */
export function readDelivery(files: ReadonlyMap<string, string>): DeliverySpec | undefined {
  const spec = (readYaml(files.get(DELIVERY_FILE)) as Partial<Delivery> | undefined)?.spec;
  return Array.isArray(spec?.tracks) ? spec : undefined;
}

/** Undefined: no file, or none that is YAML of an object. A person may have written it. */
export function readYaml(content: string | undefined): KubernetesObject | undefined {
  if (content === undefined) return undefined;
  try {
    const value = parse(content) as unknown;
    return value !== null && typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
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

/** With its age, by which Builds and Releases are ordered. */
function dated<T extends KubernetesObject & { spec?: unknown }>(object: T): KubernetesObject & { spec: T['spec'] } {
  const intent = intentOf(object);
  const { creationTimestamp } = object.metadata ?? {};
  return { ...intent, metadata: { ...intent.metadata, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) } };
}

/** Informers' objects and rendered specs never change, so each is written as YAML once. */
const written = new WeakMap<KubernetesObject, string>();

/** Keys sorted, so that a commit shows what changed and nothing else. */
function text<T extends KubernetesObject>(object: T, shown: (object: T) => unknown): string {
  let known = written.get(object);
  if (known === undefined) {
    known = stringify(shown(object), { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
    written.set(object, known);
  }
  return known;
}
