import { parse } from 'yaml';
import type { Application } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import type { Delivery, DeliverySpec } from '../../api/delivery/delivery.ts';
import type { Release } from '../../api/release/release.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import { storyOf } from './story.ts';
import { yamlText } from './yaml-text.ts';

export const DELIVERY_FILE = 'delivery.yaml';
export const APPLICATION_FILE = 'application.yaml';
/** Folders whose files tell the story; what the cluster is to have does not depend on them. */
export const BUILDS = 'builds/';
export const RELEASES = 'releases/';
export const SPECS = 'specs/';

export interface Recorded {
  readonly application: Application;
  readonly delivery: Delivery;
  readonly builds: Iterable<Build>;
  readonly releases: Iterable<Release>;
  readonly specs: readonly KubernetesObject[];
}

/** One file as it is to be. */
export interface RecordFile {
  readonly digest: string;
  content(): string;
}

type Shown<T> = (object: T) => unknown;

/** The files of Applications' folders. Writing YAML is slow and most of it says what it said before, so digests are kept. */
export class RecordFiles {
  readonly #digestOf: (content: string) => string;
  /** Informers' objects and rendered specs never change. */
  readonly #byObject = new WeakMap<KubernetesObject, string>();
  /** By `namespace/name` of the Application and path: objects of which only such fields change as the record does not show. */
  readonly #byPath = new Map<string, Map<string, { readonly shown: string; readonly digest: string }>>();

  constructor(digestOf: (content: string) => string) {
    this.#digestOf = digestOf;
  }

  /** One Application's folder of the record, by path: its intent, every Build that can be gone back to, its releases, and the specs that follow. */
  of({ application, delivery, builds, releases, specs }: Recorded): Map<string, RecordFile> {
    const id = `${application.metadata?.namespace}/${application.metadata?.name}`;
    const before = this.#byPath.get(id), now: NonNullable<typeof before> = new Map();
    this.#byPath.set(id, now);
    const files = new Map<string, RecordFile>();
    const changing = <T extends KubernetesObject>(path: string, object: T, show: Shown<T>): void => {
      const shown = JSON.stringify(show(object)), known = before?.get(path);
      const file = known?.shown === shown ? { digest: known.digest, content: () => yamlText(show(object)) } : this.#written(show(object));
      now.set(path, { shown, digest: file.digest });
      files.set(path, file);
    };
    changing(APPLICATION_FILE, application, intentOf);
    changing(DELIVERY_FILE, delivery, intentOf);
    for (const build of builds) files.set(`${BUILDS}${build.metadata?.name}.yaml`, this.#fixed(build, dated));
    for (const release of releases) {
      const path = `${RELEASES}${release.metadata?.name}.yaml`, show: Shown<Release> = (r) => ({ ...dated(r), status: storyOf(r) });
      if (release.status?.completedAt === undefined) changing(path, release, show);
      else files.set(path, this.#fixed(release, show));
    }
    for (const spec of specs) files.set(specPath(spec), this.#fixed(spec, (s) => s));
    return files;
  }

  /** A file of which the text is known. */
  text(content: string): RecordFile {
    return { digest: this.#digestOf(content), content: () => content };
  }

  /** @param id `namespace/name` of an Application that is gone */
  forget(id: string): void {
    this.#byPath.delete(id);
  }

  #fixed<T extends KubernetesObject>(object: T, show: Shown<T>): RecordFile {
    const known = this.#byObject.get(object);
    if (known !== undefined) return { digest: known, content: () => yamlText(show(object)) };
    const file = this.#written(show(object));
    this.#byObject.set(object, file.digest);
    return file;
  }

  /** Its text lives as long as the file: the turn that writes it needs it again, later ones do not. */
  #written(shown: unknown): RecordFile {
    return this.text(yamlText(shown));
  }
}

export const specPath = ({ kind, metadata }: KubernetesObject): string => `${SPECS}${kind?.toLowerCase()}-${metadata?.name}.yaml`;

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
