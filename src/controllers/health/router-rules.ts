import { resolveApplication } from '../../api/application/defaults.ts';
import { routerName } from '../../api/names.ts';
import type { Finding, ServiceHealth } from './finding.ts';
import { count, finding, type ServiceInput } from './service-input.ts';

/** Routers that were made a moment ago may still be starting. */
const STARTING_MS = 60_000;

export function routerHealth({ application, policy, router, wantsRouter }: ServiceInput): ServiceHealth['routers'] {
  if (!wantsRouter) return undefined;
  const { replicas, floor } = application === undefined ? policy.routers : resolveApplication(application).router;
  return { ready: router?.status?.availableReplicas ?? 0, wanted: replicas, floor };
}

export function routerFindings(input: ServiceInput, routers: ServiceHealth['routers']): Finding[] {
  if (routers === undefined) return [];
  const { ready, wanted, floor } = routers;
  const name = routerName(input.service);
  const pods = `kubectl -n ${input.namespace} get pods -l ${selectorOf(input) ?? `app=${name}`}`;
  if (input.router === undefined) return [finding(input, 'RouterMissing', 'critical', 'router', { value: 0, wanted, text: `there is no router: Deployment ${name} does not exist`, next: `kubectl -n ${input.namespace} get deployment ${name}` })];
  const isStarting = input.now - Date.parse(input.router.metadata?.creationTimestamp ?? '') < STARTING_MS;
  if (isStarting) return [];
  if (ready < floor) return [finding(input, 'RouterBelowFloor', 'critical', 'router', { value: ready, wanted: floor, text: `${count(ready, 'router')} available, the floor is ${floor}`, next: pods })];
  if (ready < wanted) return [finding(input, 'RouterDegraded', 'warning', 'router', { value: ready, wanted, text: `${ready} of ${count(wanted, 'router')} available`, next: pods })];
  return [];
}

function selectorOf({ router }: ServiceInput): string | undefined {
  const pairs = Object.entries(router?.spec?.selector.matchLabels ?? {});
  return pairs.length === 0 ? undefined : pairs.map(([k, v]) => `${k}=${v}`).join(',');
}
