import { isDeepStrictEqual } from 'node:util';
import type { Application } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { routerName } from '../../api/names.ts';
import type { Router } from '../../api/router/router.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ConfigMap } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import { readYaml, SPECS } from './files.ts';
import type { Observed } from './observe.ts';
import { OwnLinesGuard } from './own-lines.ts';
import type { RecordOptions } from './record-options.ts';
import { MissingBuildError, render, routerSpec } from './render.ts';
import { directoryOf } from './repository.ts';
import { takeoverOf, tierOf } from './takeover.ts';

interface Rendered {
  readonly inputs: readonly unknown[];
  readonly specs: KubernetesObject[];
}

/**
 * Specs are rendered anew only when what they follow from is another; those that come out as before are the very same objects, so that they are
 * neither written as YAML nor compared again.
 */
export class Rendering {
  readonly #options: RecordOptions;
  readonly #ownLines: OwnLinesGuard;
  /** By `namespace/name` of the Application. */
  readonly #known = new Map<string, Rendered>();

  constructor(context: ControllerContext, options: RecordOptions, events: EventRecorder) {
    this.#options = options;
    this.#ownLines = new OwnLinesGuard(context, events);
  }

  /** @throws {MissingBuildError} when the Delivery names a Build that is not there */
  async of({ application, live }: Pick<Observed, 'application' | 'live'>, delivery: Delivery, builds: ReadonlyMap<string, Build>): Promise<KubernetesObject[]> {
    const id = `${application.metadata?.namespace}/${application.metadata?.name}`;
    const held = [...new Set(delivery.spec.tracks.flatMap((t) => t.builds.map((b) => b.build)))];
    const missing = held.find((name) => !builds.has(name));
    if (missing !== undefined) throw new MissingBuildError(missing);
    // Of a Build and of statuses nothing is rendered that could change without a new generation.
    const name = application.metadata?.name ?? '';
    const chosen = application.spec.router?.kind ?? 'auto';
    const provider = chosen === 'auto' ? this.#options.defaultProvider : chosen;
    const takeover = takeoverOf(provider, live.get(`Router/${routerName(name)}`) as Router | undefined);
    const inputs = [version(application), version(delivery), takeover, ...held.flatMap((build) => builds.get(build)?.spec ?? [])];
    const known = this.#known.get(id);
    if (known !== undefined && isDeepStrictEqual(known.inputs, inputs)) return known.specs;
    const renderer = provider === 'gateway-api' ? undefined : this.#options.renderers[provider];
    const config = live.get(`ConfigMap/${routerName(name)}`) as ConfigMap | undefined;
    const usable = await this.#ownLines.usable(application, routerSpec({ application, delivery, builds, provider }), renderer, config);
    const before = new Map(known?.specs.map((spec) => [nameOf(spec), spec]));
    const rendered = render({ application: usable, delivery, builds, provider, ...(renderer && { renderer }), ...(takeover && { takeover }) });
    const staying = takeover === undefined || takeover.leaving === 'gateway-api' ? [] : tierOf(name, known?.specs ?? (await this.#recorded(application)));
    const specs = [...staying, ...rendered].map((spec) => {
      const same = before.get(nameOf(spec));
      return same !== undefined && isDeepStrictEqual(same, spec) ? same : spec;
    });
    this.#known.set(id, { inputs, specs });
    return specs;
  }

  /** As HEAD has them. */
  async #recorded({ metadata }: Application): Promise<KubernetesObject[]> {
    const files = await this.#options.repository.read(directoryOf(metadata?.namespace ?? '', metadata?.name ?? ''));
    return [...files].flatMap(([path, content]) => (path.startsWith(SPECS) ? (readYaml(content) ?? []) : []));
  }

  forget(id: string): void {
    this.#known.delete(id);
  }
}

const version = ({ metadata, ...object }: Application | Delivery): unknown => (metadata?.generation === undefined ? object : `${metadata.uid}/${metadata.generation}`);
const nameOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata?.name}`;
