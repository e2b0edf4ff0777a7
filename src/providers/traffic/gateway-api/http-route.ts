import { isDeepStrictEqual } from 'node:util';
import { GATEWAY_DEFAULTS, HTTP_ROUTE_LIMITS } from '../../../api/router/gateway.ts';
import { refusalServiceName } from '../../../api/names.ts';
import type { Router, RouterSpec } from '../../../api/router/router.ts';
import type { RouteTarget } from '../../../controllers/routing/route-publisher.ts';
import { CannotRouteError, type Traffic, type TrafficRoute } from '../../../controllers/routing/traffic-provider.ts';
import { BUCKETS } from '../bucket/bucket.ts';
import { PRODUCTION_ONLY_SEGMENTS, TRAFFIC_GROUP } from '../router-layout.ts';
import { GATEWAY_GROUP, type BackendReference, type HeaderMatch, type HttpRoute, type HttpRouteRule } from './kinds.ts';
import { integerWeights } from './weights.ts';

const ROUTER_API = { apiVersion: 'aweigh.dev/v1alpha1', kind: 'Router' };

/**
 * The HTTPRoute that says the same as `target`. More header matches go before fewer, and of equal ones the first rule of the list:
 * https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule. So listed users come before their segment, each segment before a value that
 * no track has, and last what has no `X-Traffic-Group`, or none that counts.
 * @throws {CannotRouteError} where one HTTPRoute has no room for it
 */
export function httpRoute({ metadata, spec }: Pick<Router, 'metadata' | 'spec'>, target: RouteTarget): HttpRoute {
  const { name = '', namespace, uid = '' } = metadata ?? {};
  const { parentRefs = [], hostnames = [] } = spec.gateway ?? {};
  // The Service of the routers is named as the Router.
  const rules = target === 'routers' ? [rule([[]], [{ group: '', kind: 'Service', name, port: spec.port, weight: 1 }])] : [...listRules(spec, target), ...segmentRules(spec, target)];
  const needed = rules.length + (spec.gateway?.probe === undefined ? 0 : 1);
  if (needed > HTTP_ROUTE_LIMITS.rules) throw new CannotRouteError(`An HTTPRoute has room for ${HTTP_ROUTE_LIMITS.rules} rules, not ${needed}: take tracks or lists of users away`);
  return {
    apiVersion: `${GATEWAY_GROUP}/v1`, kind: 'HTTPRoute',
    metadata: {
      name, ...(namespace === undefined ? {} : { namespace }),
      labels: { 'aweigh.dev/application': spec.application, 'app.kubernetes.io/managed-by': 'aweigh' },
      ownerReferences: [{ ...ROUTER_API, name, uid, controller: true, blockOwnerDeletion: false }],
    },
    spec: {
      parentRefs: parentRefs.map((p) => ({ group: GATEWAY_GROUP, kind: 'Gateway', name: p.name, ...(p.namespace === undefined ? {} : { namespace: p.namespace }), ...(p.sectionName === undefined ? {} : { sectionName: p.sectionName }) })),
      ...(hostnames.length === 0 ? {} : { hostnames }),
      rules,
    },
  };
}

function segmentRules(spec: RouterSpec, traffic: Traffic): HttpRouteRule[] {
  const production = shares(spec, traffic);
  const own = traffic.routes.map((route) => rule([[group(route.segment)]], shares(spec, traffic, route)));
  const { unknownGroups = GATEWAY_DEFAULTS.unknownGroups } = spec.gateway ?? {};
  const untold = shares(spec, traffic, traffic.routes.find((r) => r.segment === spec.defaultSegment));
  const rest = rule([[]], untold);
  // Where a request without the header goes to production too, one rule is enough for all others.
  if (isDeepStrictEqual(untold, production)) return [...own, rest];
  const others: HeaderMatch[] = unknownGroups === 'production' ? [{ type: 'RegularExpression', name: TRAFFIC_GROUP, value: '.*' }] : PRODUCTION_ONLY_SEGMENTS.map(group);
  return [...own, rule(others.map((match) => [match]), production), rest];
}

/** Users whom no share decides. Below its floor a track that hands over has none of them; one that refuses refuses them too. */
function listRules(spec: RouterSpec, traffic: Traffic): HttpRouteRule[] {
  const { header } = spec.userId;
  const listed = (segment: string, users: readonly string[]): HeaderMatch[][] => users.map((user) => [group(segment), { type: 'Exact', name: header ?? '', value: user }]);
  const excluded = traffic.routes.flatMap((r) => listed(r.segment, r.exclude ?? []));
  const rules = [
    // In both lists: never. A request of two rules alike takes the first.
    ...chunks(excluded).map((matches) => rule(matches, shares(spec, traffic))),
    ...traffic.routes.filter((r) => !r.closed || r.belowFloor === 'refuse').flatMap((r) => chunks(listed(r.segment, r.include ?? [])).map((matches) => rule(matches, shares(spec, traffic, { ...r, share: BUCKETS })))),
  ];
  if (rules.length > 0 && header === undefined) throw new CannotRouteError('Gateways know listed users by a header alone: set spec.userId.header, or remove the lists');
  return rules;
}

/** Where requests of a segment go, or those of no track: to its backend by its share, the rest to production. */
function shares(spec: RouterSpec, { production }: Traffic, route?: TrafficRoute): BackendReference[] {
  const service = (backend: string | undefined): string => spec.backends.find((b) => b.name === backend)?.service ?? refusalServiceName(spec.application);
  const own = route?.share ?? 0;
  const next = production.next?.share ?? 0;
  const parts = new Map<string, number>();
  const add = (name: string, part: number): void => void parts.set(name, (parts.get(name) ?? 0) + part);
  add(route?.closed === true ? refusalServiceName(spec.application) : service(route?.backend), own * BUCKETS);
  add(service(production.next?.backend), (BUCKETS - own) * next);
  add(service(production.backend), (BUCKETS - own) * (BUCKETS - next));
  // A version that takes nothing is not named: its Service may go before the route is written anew.
  const there = [...parts].filter(([, part]) => part > 0);
  const weights = integerWeights(there.map(([, part]) => part));
  return there.map(([name], i) => ({ group: '', kind: 'Service', name, port: spec.port, weight: weights[i] ?? 0 }));
}

const group = (segment: string): HeaderMatch => ({ type: 'Exact', name: TRAFFIC_GROUP, value: segment });

/** One of the matches is enough; all headers of a match count. */
function rule(matches: readonly (readonly HeaderMatch[])[], backendRefs: readonly BackendReference[]): HttpRouteRule {
  return { matches: matches.map((headers) => ({ path: { type: 'PathPrefix', value: '/' }, ...(headers.length === 0 ? {} : { headers }) })), backendRefs };
}

function chunks<T>(items: readonly T[]): T[][] {
  const size = HTTP_ROUTE_LIMITS.matchesPerRule;
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
