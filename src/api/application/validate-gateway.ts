import { HTTP_ROUTE_LIMITS, MAX_LISTED_USERS } from '../router/gateway.ts';
import type { Application, Gate, Track } from './application.ts';

/** What Gateways cannot do for an Application that routers of Aweigh's own do; empty where it asks for nothing of it. */
export function gatewayFaults({ spec }: Application): string[] {
  const { router, userId, tracks } = spec;
  // Gateways that only lead to the routers need nothing more.
  if (router?.kind !== 'gateway-api') return [];
  const faults: string[] = [];
  const say = (text: string) => faults.push(`spec.router.kind gateway-api: ${text}`);
  if ((router.gateway?.parentRefs ?? []).length === 0) say('it needs the Gateways that users come through: add spec.router.gateway.parentRefs');
  const asked = (['segments', 'token', 'accessLog', 'haproxy'] as const).filter((field) => router[field] !== undefined);
  if (router.edge === true) say('a Gateway does not know who a client is and cannot own X-Traffic-Group: remove edge, or choose kind haproxy or builtin');
  if (asked.length > 0) say(`a Gateway has no ${asked.join(' and no ')} of an Application: remove it, or choose kind haproxy or builtin`);
  const listed = tracks.reduce((sum, t) => sum + listOf(t).length, 0);
  if (listed > 0 && userId !== undefined && userId.header === undefined) say('users are listed by a header alone: set spec.userId.header, or remove the lists');
  if (tracks.at(-1)?.users !== undefined) say(`track ${tracks.at(-1)?.name}: a Gateway has no list for the steps of the last track: remove its users, or choose kind haproxy or builtin`);
  if (listed > MAX_LISTED_USERS) say(`an HTTPRoute has room for ${MAX_LISTED_USERS} listed users, not ${listed}: shorten the lists`);
  const rules = rulesNeeded(tracks) + (router.gateway?.probe === undefined ? 0 : 1);
  if (rules > HTTP_ROUTE_LIMITS.rules) say(`an HTTPRoute has room for ${HTTP_ROUTE_LIMITS.rules} rules, not ${rules} (one a segment, one a list, two for all others, one for probes): take tracks or lists away`);
  for (const track of tracks) {
    const gate = [...(track.gates ?? []), ...(track.steps ?? []).flatMap((s) => s.gates ?? [])].find(readsRouters);
    if (gate !== undefined) say(`gate ${gate.name} of track ${track.name} reads numbers of routers, and there are none: use a Prometheus query`);
  }
  return faults;
}

const listOf = ({ users }: Track): string[] => [...(users?.include ?? []), ...(users?.exclude ?? [])];
const readsRouters = (gate: Gate): boolean => 'analysis' in gate && gate.analysis.metrics.some((m) => 'router' in m.source);

function rulesNeeded(tracks: readonly Track[]): number {
  const chunks = (users: number): number => Math.ceil(users / HTTP_ROUTE_LIMITS.matchesPerRule);
  const excluded = tracks.reduce((sum, t) => sum + (t.users?.exclude ?? []).length, 0);
  return tracks.filter((t) => t.segment !== undefined).reduce((sum, t) => sum + 1 + chunks((t.users?.include ?? []).length), 0) + chunks(excluded) + 2;
}
