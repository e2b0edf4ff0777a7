import type { Application } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { RecordOptions } from './record-options.ts';
import { MissingBuildError, render } from './render.ts';

/** Specs are rendered anew only when one of the objects is another: informers' objects never change. */
export class Rendering {
  readonly #options: RecordOptions;
  readonly #known = new WeakMap<Delivery, { readonly inputs: readonly object[]; readonly specs: KubernetesObject[] }>();

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  /** @throws {MissingBuildError} when the Delivery names a Build that is not there */
  of(application: Application, delivery: Delivery, builds: ReadonlyMap<string, Build>): KubernetesObject[] {
    const held = [...new Set(delivery.spec.tracks.flatMap((t) => t.builds.map((b) => b.build)))];
    const missing = held.find((name) => !builds.has(name));
    if (missing !== undefined) throw new MissingBuildError(missing);
    const inputs = [application, ...held.flatMap((name) => builds.get(name) ?? [])];
    const known = this.#known.get(delivery);
    if (known !== undefined && known.inputs.length === inputs.length && known.inputs.every((input, i) => input === inputs[i])) return known.specs;
    const chosen = application.spec.router?.kind ?? 'auto';
    const provider = chosen === 'auto' ? this.#options.defaultProvider : chosen;
    const specs = render({ application, delivery, builds, provider, renderer: this.#options.renderers[provider] });
    this.#known.set(delivery, { inputs, specs });
    return specs;
  }
}
