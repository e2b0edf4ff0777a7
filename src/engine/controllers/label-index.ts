import type { KubernetesObject } from '../../client/resource.ts';
import { selectsAll } from '../../kubernetes/label-selector.ts';
import type { Informer } from '../../runtime/informer.ts';

/*
 * Who selects whom, without a look at every object of the namespace for each that changes: in an installation of a thousand services that look
 * would be most of the work.
 */

const BY_LABEL = 'engine/label';
const BY_SELECTOR = 'engine/selector';
/** So many are looked at sooner than the next pair's objects are found. */
const FEW = 32;

type Labels = Readonly<Record<string, string>>;

const pairOf = (namespace: string | undefined, [key, value]: readonly [string, string]): string => `${namespace}/${key}=${value}`;
const labelPairs = ({ metadata }: KubernetesObject): string[] => Object.entries(metadata?.labels ?? {}).map((pair) => pairOf(metadata?.namespace, pair));

/** To be called before {@link withLabels}. */
export function indexLabels<T extends KubernetesObject>(informer: Informer<T>): void {
  informer.addIndex(BY_LABEL, labelPairs);
}

/** Objects of a namespace that carry all of these labels; every object where there are none. */
export function withLabels<T extends KubernetesObject>(informer: Informer<T>, namespace: string | undefined, labels: Labels): readonly T[] {
  let fewest: readonly T[] | undefined;
  for (const pair of Object.entries(labels)) {
    const found = informer.byIndex(BY_LABEL, pairOf(namespace, pair));
    if (fewest === undefined || found.length < fewest.length) fewest = found;
    if (fewest.length <= FEW) break;
  }
  return (fewest ?? informer.list(namespace)).filter((object) => selectsAll(labels, object.metadata?.labels));
}

/** @param selectorOf pairs that an object must carry to be selected; undefined where nothing is selected */
export function selectorIndex<T extends KubernetesObject>(selectorOf: (object: T) => Labels | undefined): (object: T) => string[] {
  return (object) => {
    const selector = selectorOf(object), [first] = Object.entries(selector ?? {});
    if (selector === undefined) return [];
    return [first === undefined ? anything(object.metadata?.namespace) : pairOf(object.metadata?.namespace, first)];
  };
}

/** To be called before {@link thatMaySelect}.
 *  @param index a {@link selectorIndex}, always the same for a kind */
export function indexSelectors<T extends KubernetesObject>(informer: Informer<T>, index: (object: T) => string[]): void {
  informer.addIndex(BY_SELECTOR, index);
}

/** Objects of a namespace of which the selector may take these labels: all that does, and some that does not. */
export function thatMaySelect<T extends KubernetesObject>(informer: Informer<T>, namespace: string | undefined, labels: Labels | undefined): T[] {
  return [anything(namespace), ...Object.entries(labels ?? {}).map((pair) => pairOf(namespace, pair))].flatMap((pair) => informer.byIndex(BY_SELECTOR, pair));
}

const anything = (namespace: string | undefined): string => `${namespace}/`;
