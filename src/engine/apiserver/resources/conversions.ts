import type { KubernetesObject } from '../../../client/resource.ts';
import { autoscalers } from './autoscaler-conversion.ts';
import type { Conversion } from './served-resource.ts';

/** [core v1 name, events.k8s.io/v1 name] of the fields that the two forms of one Event call differently. */
const eventNames = [
  ['message', 'note'], ['involvedObject', 'regarding'], ['source', 'deprecatedSource'], ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'], ['count', 'deprecatedCount'], ['reportingComponent', 'reportingController'],
] as const;

function renamed(object: KubernetesObject, apiVersion: string, names: readonly (readonly [string, string])[]): KubernetesObject {
  const map = new Map(names);
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [map.get(key) ?? key, key === 'apiVersion' ? apiVersion : value]));
}

const events: Conversion = {
  toStored: (o) => renamed(o, 'v1', eventNames.map(([core, own]) => [own, core] as const)),
  fromStored: (o) => renamed(o, 'events.k8s.io/v1', eventNames),
};

/** Conversions of the built-in resources that are served in a version they are not stored in, by `group/version/plural`. */
export const conversions: ReadonlyMap<string, { readonly storage: string; readonly conversion: Conversion }> = new Map([
  ['events.k8s.io/v1/events', { storage: '/events', conversion: events }],
  ['autoscaling/v1/horizontalpodautoscalers', { storage: 'autoscaling/horizontalpodautoscalers', conversion: autoscalers }],
]);
