import type { Pod } from '../../kubernetes/types.generated.ts';

/** Pods that were bound and whose binding the informer has not shown yet: they take room already. */
export class AssumedPods {
  readonly #byKey = new Map<string, { readonly pod: Pod; readonly nodeName: string }>();

  assume(key: string, pod: Pod, nodeName: string): void {
    this.#byKey.set(key, { pod, nodeName });
  }

  seen(key: string): void {
    this.#byKey.delete(key);
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  on(nodeName: string): readonly Pod[] {
    return [...this.#byKey.values()].flatMap((a) => (a.nodeName === nodeName ? [a.pod] : []));
  }
}
