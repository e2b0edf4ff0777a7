import type { Build } from '../../api/build/build.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { routerName } from '../../api/names.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ConfigMap } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import type { Observed } from './observe.ts';
import { OwnLinesGuard } from './own-lines.ts';
import type { RecordOptions } from './record-options.ts';
import { MissingBuildError, render, routerSpec } from './render.ts';

/** Specs are rendered anew only when one of the objects is another: informers' objects never change. */
export class Rendering {
  readonly #options: RecordOptions;
  readonly #ownLines: OwnLinesGuard;
  readonly #known = new WeakMap<Delivery, { readonly inputs: readonly object[]; readonly specs: KubernetesObject[] }>();

  constructor(context: ControllerContext, options: RecordOptions, events: EventRecorder) {
    this.#options = options;
    this.#ownLines = new OwnLinesGuard(context, events);
  }

  /** @throws {MissingBuildError} when the Delivery names a Build that is not there */
  async of({ application, live }: Pick<Observed, 'application' | 'live'>, delivery: Delivery, builds: ReadonlyMap<string, Build>): Promise<KubernetesObject[]> {
    const held = [...new Set(delivery.spec.tracks.flatMap((t) => t.builds.map((b) => b.build)))];
    const missing = held.find((name) => !builds.has(name));
    if (missing !== undefined) throw new MissingBuildError(missing);
    const inputs = [application, ...held.flatMap((name) => builds.get(name) ?? [])];
    const known = this.#known.get(delivery);
    if (known !== undefined && known.inputs.length === inputs.length && known.inputs.every((input, i) => input === inputs[i])) return known.specs;
    const chosen = application.spec.router?.kind ?? 'auto';
    const provider = chosen === 'auto' ? this.#options.defaultProvider : chosen;
    const renderer = this.#options.renderers[provider];
    const config = live.get(`ConfigMap/${routerName(application.metadata?.name ?? '')}`) as ConfigMap | undefined;
    const usable = await this.#ownLines.usable(application, routerSpec({ application, delivery, builds, provider }), renderer, config);
    const specs = render({ application: usable, delivery, builds, provider, renderer });
    this.#known.set(delivery, { inputs, specs });
    return specs;
  }
}
