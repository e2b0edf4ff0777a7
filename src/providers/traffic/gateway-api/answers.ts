import type { Condition } from '../../../api/group.ts';
import type { Gateway, HttpRoute, ParentReference, ParentStatus } from './kinds.ts';

/** What a Gateway says of an HTTPRoute as it is now. */
export type ParentAnswer =
  | { readonly outcome: 'accepted' }
  /** Nobody spoke of this generation yet. */
  | { readonly outcome: 'silent'; readonly message: string }
  | { readonly outcome: 'refused'; readonly reason: string; readonly message: string };

const GATEWAY_MISSING = 'GatewayMissing';

/**
 * Accepted only where the Gateway is programmed in its own newest generation, and accepts this very generation of the route with all its
 * backends: https://gateway-api.sigs.k8s.io/reference/spec/#routeparentstatus
 */
export function parentAnswer(route: HttpRoute, parent: ParentReference, gateway: Gateway | undefined): ParentAnswer {
  const name = gatewayName(route, parent);
  if (gateway === undefined) return { outcome: 'refused', reason: GATEWAY_MISSING, message: `There is no Gateway ${name}: make it, or mend spec.router.gateway.parentRefs` };
  const programmed = gateway.status?.conditions?.find((c) => c.type === 'Programmed');
  const byClass = `of GatewayClass ${gateway.spec.gatewayClassName}`;
  if (programmed === undefined || isOld(programmed, gateway.metadata?.generation)) return { outcome: 'silent', message: `Gateway ${name} is not programmed yet: does a controller ${byClass} run?` };
  if (programmed.status !== 'True') return { outcome: 'refused', reason: 'GatewayNotProgrammed', message: `Gateway ${name} is not programmed (${programmed.reason}): ${programmed.message}` };
  const generation = route.metadata?.generation;
  const answers = (route.status?.parents ?? []).filter((p) => refersTo(route, p, parent)).map((p) => p.conditions ?? []);
  if (answers.length === 0) return { outcome: 'silent', message: `Gateway ${name} says nothing of HTTPRoute ${route.metadata?.name}: does a controller ${byClass} run, and do the Gateway's listeners allow routes of namespace ${route.metadata?.namespace}?` };
  for (const conditions of answers) {
    const fault = conditions.find((c) => isFault(c) && !isOld(c, generation));
    if (fault !== undefined) return { outcome: 'refused', reason: fault.type === 'PartiallyInvalid' ? fault.type : fault.reason, message: `Gateway ${name} does not route as HTTPRoute ${route.metadata?.name} says (${fault.type} ${fault.status}, ${fault.reason}): ${fault.message}` };
    if (!['Accepted', 'ResolvedRefs'].every((type) => conditions.some((c) => c.type === type && c.status === 'True' && !isOld(c, generation)))) {
      return { outcome: 'silent', message: `Gateway ${name} has not accepted generation ${generation} of HTTPRoute ${route.metadata?.name} yet` };
    }
  }
  return { outcome: 'accepted' };
}

export const gatewayName = (route: HttpRoute, parent: ParentReference): string =>
  `${parent.namespace ?? route.metadata?.namespace ?? ''}/${parent.name}${parent.sectionName === undefined ? '' : `/${parent.sectionName}`}`;

const isFault = ({ type, status }: Condition): boolean => ((type === 'Accepted' || type === 'ResolvedRefs') && status === 'False') || (type === 'PartiallyInvalid' && status === 'True');
const isOld = ({ observedGeneration }: Condition, generation: number | undefined): boolean => observedGeneration !== generation;

function refersTo(route: HttpRoute, { parentRef }: ParentStatus, parent: ParentReference): boolean {
  const namespace = route.metadata?.namespace;
  return parentRef.name === parent.name && (parentRef.namespace ?? namespace) === (parent.namespace ?? namespace) && parentRef.sectionName === parent.sectionName && (parentRef.kind ?? 'Gateway') === 'Gateway';
}
