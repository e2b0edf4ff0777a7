import { resolveApplication } from '../../api/application/defaults.ts';
import { routerName } from '../../api/names.ts';
import type { Router } from '../../api/router/router.ts';
import type { Finding, ServiceHealth } from './finding.ts';
import { count, finding, type ServiceInput } from './service-input.ts';

/** Routers that were made a moment ago may still be starting. */
const STARTING_MS = 60_000;

export function routerHealth({ application, policy, router, routedByGateways, wantsRouter }: ServiceInput): ServiceHealth['routers'] {
  if (routedByGateways !== undefined) return gatewaysOf(routedByGateways);
  if (!wantsRouter) return undefined;
  const { replicas, floor } = application === undefined || application.spec.router?.kind === 'gateway-api' ? policy.routers : resolveApplication(application).router;
  return { ready: router?.status?.availableReplicas ?? 0, wanted: replicas, floor };
}

export function routerFindings(input: ServiceInput, routers: ServiceHealth['routers']): Finding[] {
  if (routers === undefined) return [];
  if (input.routedByGateways !== undefined) return gatewayFindings(input, input.routedByGateways);
  return [...podFindings(input, routers), ...leadFindings(input)];
}

function podFindings(input: ServiceInput, { ready, wanted, floor }: NonNullable<ServiceHealth['routers']>): Finding[] {
  const name = routerName(input.service);
  const pods = `kubectl -n ${input.namespace} get pods -l ${selectorOf(input) ?? `app=${name}`}`;
  if (input.router === undefined) return [finding(input, 'RouterMissing', 'critical', 'router', { value: 0, wanted, text: `there is no router: Deployment ${name} does not exist`, next: `kubectl -n ${input.namespace} get deployment ${name}` })];
  const isStarting = input.now - Date.parse(input.router.metadata?.creationTimestamp ?? '') < STARTING_MS;
  if (isStarting) return [];
  if (ready < floor) return [finding(input, 'RouterBelowFloor', 'critical', 'router', { value: ready, wanted: floor, text: `${count(ready, 'router')} available, the floor is ${floor}`, next: pods })];
  if (ready < wanted) return [finding(input, 'RouterDegraded', 'warning', 'router', { value: ready, wanted, text: `${ready} of ${count(wanted, 'router')} available`, next: pods })];
  return [];
}

/** Those that follow the newest rules, of those that users come through. */
function gatewaysOf({ spec, status }: Router): { ready: number; wanted: number; floor: number } {
  const wanted = spec.gateway?.parentRefs.length ?? 0;
  return { ready: status?.gateways?.length ?? 0, wanted, floor: wanted };
}

/** Users who come through Gateways reach the routers by these alone. */
function leadFindings(input: ServiceInput): Finding[] {
  const { ledByGateways: router, namespace } = input;
  const lead = router?.status?.conditions?.find((c) => c.type === 'GatewaysLead');
  if (router === undefined || lead === undefined || lead.status === 'True' || PASSING.has(lead.reason)) return [];
  const { ready, wanted } = gatewaysOf(router);
  return [finding(input, 'GatewayNotRouting', 'critical', 'gateway', { value: Math.min(ready, wanted - 1), wanted, text: `a Gateway does not lead to the routers: ${lead.message}`, next: `kubectl -n ${namespace} describe httproute ${router.metadata?.name}` })];
}

/** What a Gateway was only just asked passes by itself. */
const PASSING = new Set(['NotAccepted', 'Settling', 'NotFollowed']);
/** Nothing routes, whatever was accepted before. */
const CUT_OFF = new Set(['GatewayApiMissing', 'GatewayMissing', 'GatewayNotProgrammed']);

function gatewayFindings(input: ServiceInput, router: Router): Finding[] {
  const told = router.status?.conditions?.find((c) => c.type === 'Told');
  if (told === undefined || told.status === 'True' || PASSING.has(told.reason)) return [];
  const { ready, wanted } = gatewaysOf(router);
  const next = `kubectl -n ${input.namespace} describe httproute ${router.metadata?.name}`;
  const isCutOff = CUT_OFF.has(told.reason) || router.status?.observed === undefined;
  return [finding(input, isCutOff ? 'GatewayNotRouting' : 'GatewayNotFollowing', isCutOff ? 'critical' : 'warning', 'router', { value: ready, wanted, text: `${isCutOff ? 'no Gateway routes' : 'a Gateway does not follow, and routes as before'}: ${told.message}`, next })];
}

function selectorOf({ router }: ServiceInput): string | undefined {
  const pairs = Object.entries(router?.spec?.selector.matchLabels ?? {});
  return pairs.length === 0 ? undefined : pairs.map(([k, v]) => `${k}=${v}`).join(',');
}
