import type { PodSpec } from '../../../../../kubernetes/types.generated.ts';
import { compareQuantities, nanosOf } from '../../../decode/quantity.ts';

const COUNTED = ['cpu', 'memory'] as const;

type Resources = NonNullable<PodSpec['resources']>;

/** Guaranteed: each container limits cpu and memory and requests just that. BestEffort: none asks for anything. Where the pod as a
 *  whole has resources, they alone count. */
export function qosClass(spec: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const own = spec.resources;
  const all: (Resources | undefined)[] = own !== undefined ? [own] : [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((container) => container.resources);
  let any = false;
  let guaranteed = true;
  for (const resources of all) {
    for (const name of COUNTED) {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name];
      const limited = nanosOf(limit) > 0n;
      if (limited || nanosOf(request) > 0n) any = true;
      if (!limited || request === undefined || compareQuantities(request, limit as string) !== 0) guaranteed = false;
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable';
}
