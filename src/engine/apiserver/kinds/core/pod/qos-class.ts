import type { PodSpec } from '../../../../../kubernetes/types.generated.ts';
import { compareQuantities, nanosOf } from '../../../decode/quantity.ts';

const COUNTED = ['cpu', 'memory'] as const;

/** Guaranteed: each container limits cpu and memory and requests just that. BestEffort: none asks for anything. */
export function qosClass(spec: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  let any = false;
  let guaranteed = true;
  for (const containers of [spec.containers, spec.initContainers]) {
    for (const { resources } of containers ?? []) {
      for (const name of COUNTED) {
        const limit = resources?.limits?.[name];
        const request = resources?.requests?.[name];
        const limited = nanosOf(limit) > 0n;
        if (limited || nanosOf(request) > 0n) any = true;
        if (!limited || request === undefined || compareQuantities(request, limit as string) !== 0) guaranteed = false;
      }
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable';
}
