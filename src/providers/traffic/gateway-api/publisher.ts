import { GATEWAY_DEFAULTS } from '../../../api/router/gateway.ts';
import type { Router } from '../../../api/router/router.ts';
import { keyOf, keyString, type KubernetesObject, type ObjectKey, type Resource } from '../../../client/resource.ts';
import { isNotFound, StatusError } from '../../../client/status-error.ts';
import type { GatewayAnswer, Publication, RoutePublisher, RouteTarget } from '../../../controllers/routing/route-publisher.ts';
import { controllerOf, isControlledBy } from '../../../kubernetes/owner-reference.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import { Acceptances } from './acceptances.ts';
import { gatewayName, parentAnswer } from './answers.ts';
import { httpRoute } from './http-route.ts';
import { judge, type Probed } from './judge.ts';
import { Gateways, HttpRoutes, type HttpRoute } from './kinds.ts';
import { probe, probedVersion, probeRule, withoutProbe } from './probe.ts';
import { sameRoute } from './same-route.ts';

const FIELD_MANAGER = 'aweigh-routing';
/** When the route was last changed: a controller that starts anew has to know how long an answer is due. */
const CHANGED_AT = 'aweigh.dev/routes-changed-at';
/** When it was first changed after all Gateways had last followed: from then on a data plane may route by any change since. */
const SWITCH_BEGAN_AT = 'aweigh.dev/switch-began-at';
/** Nothing tells when somebody installs a kind, or gives a right. */
const REFUSED_RETRY_MS = 5_000;

/** Routes by an HTTPRoute of the Gateway API, named as the Router and owned by it. */
export function gatewayApiPublisher(context: ControllerContext): RoutePublisher {
  return new GatewayApiPublisher(context);
}

class GatewayApiPublisher implements RoutePublisher {
  readonly #context: ControllerContext;
  /** What was written last, while the informer is behind. By `namespace/name`. */
  readonly #written = new Map<string, HttpRoute>();
  /** When something else, such as a webhook, last made another route of what was written: it must not be fought without a pause. */
  readonly #alteredAt = new Map<string, number>();
  /** The change that all Gateways were last seen to follow. By `namespace/name`. */
  readonly #followed = new Map<string, string>();
  /** The version that the data plane was found to follow, and when. By `namespace/name`. */
  readonly #probed = new Map<string, { readonly version: string; readonly at: number }>();
  readonly #acceptances = new Acceptances();
  #watched = false;

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  watch(wake: (router: ObjectKey) => void): void {
    if (this.#watched) return;
    this.#watched = true;
    const { informer } = this.#context;
    const wakeOwner = (route: HttpRoute): void => {
      const owner = controllerOf(route);
      if (owner?.kind === 'Router') wake({ namespace: route.metadata?.namespace, name: owner.name });
    };
    informer(HttpRoutes).onChange(({ previous, current }) => {
      if (previous !== undefined && current === undefined) this.#forget(keyString(keyOf(previous)));
      const route = current ?? previous;
      if (route !== undefined) wakeOwner(route);
    });
    informer(Gateways).onChange(({ previous, current }) => {
      const { namespace, name } = (current ?? previous)?.metadata ?? {};
      for (const route of informer(HttpRoutes).list()) {
        if (route.spec.parentRefs.some((p) => p.name === name && (p.namespace ?? route.metadata?.namespace) === namespace)) wakeOwner(route);
      }
    });
  }

  async publish(router: Router, target: RouteTarget, signal: AbortSignal): Promise<Publication> {
    const { clock } = this.#context;
    const key = keyOf(router);
    const wanted = httpRoute(router, target);
    const live = await this.#readRoute(key, signal);
    if (live !== undefined && !isControlledBy(live, router)) {
      return { changed: false, answers: everyGateway(wanted, 'RouteTaken', `There is an HTTPRoute ${live.metadata?.name} already that is not of this Application: rename or delete it`), dueAt: clock.now() + REFUSED_RETRY_MS };
    }
    const isProbed = router.spec.gateway?.probe !== undefined;
    const changed = live === undefined || !sameRoute(withoutProbe(live.spec), wanted.spec) || (probedVersion(live.spec) !== undefined) !== isProbed;
    const alteredAt = this.#alteredAt.get(keyString(key)) ?? -Infinity;
    if (changed && clock.now() < alteredAt + REFUSED_RETRY_MS) return altered(wanted, alteredAt);
    let route: HttpRoute;
    try {
      route = changed ? await this.#write(wanted, isProbed, this.#beganAt(router, live), signal) : live;
    } catch (error) {
      const refused = refusal(error);
      if (refused === undefined) throw error;
      return { changed: false, answers: everyGateway(wanted, refused.reason, refused.message), dueAt: clock.now() + REFUSED_RETRY_MS };
    }
    if (!sameRoute(withoutProbe(route.spec), wanted.spec)) {
      this.#alteredAt.set(keyString(key), clock.now());
      return altered(wanted, clock.now());
    }
    this.#alteredAt.delete(keyString(key));
    const changedAt = timeOf(route, CHANGED_AT);
    const parents = await Promise.all(route.spec.parentRefs.map(async (parent) => ({ parent, answer: parentAnswer(route, parent, await this.#read(Gateways, { namespace: parent.namespace ?? key.namespace, name: parent.name }, signal)) })));
    const probed = parents.every((p) => p.answer.outcome === 'accepted') ? await this.#probe(router, route, signal) : undefined;
    const answers = parents.map(({ parent, answer }) => {
      const gateway = gatewayName(route, parent);
      const now = clock.now();
      const acceptedAt = this.#acceptances.note(keyString(key), gateway, { generation: route.metadata?.generation, accepted: answer.outcome === 'accepted', changedAt, time: now });
      return judge({ gateway, answer, changedAt, acceptedAt, ...(probed && { probed }), now }, router.spec.gateway ?? {});
    });
    const due = answers.flatMap((a) => a.dueAt ?? []);
    if (answers.every((a) => a.outcome === 'routes')) this.#followed.set(keyString(key), route.metadata?.annotations?.[CHANGED_AT] ?? '');
    return { changedAt: timeOf(route, SWITCH_BEGAN_AT), changed, answers, ...(due.length === 0 ? {} : { dueAt: Math.min(...due) }) };
  }

  async withdraw(key: ObjectKey, signal: AbortSignal): Promise<void> {
    const route = await this.#readRoute(key, signal);
    if (route === undefined || controllerOf(route)?.kind !== 'Router') return;
    try {
      await this.#context.client.delete(HttpRoutes, key, { uid: route.metadata?.uid, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#forget(keyString(key));
  }

  /** Undefined: nobody says where. What was found once of a change holds until the next. */
  async #probe({ spec }: Router, route: HttpRoute, signal: AbortSignal): Promise<Probed | undefined> {
    const { clock } = this.#context;
    const version = probedVersion(route.spec);
    if (spec.gateway?.probe === undefined || version === undefined) return undefined;
    const id = keyString(keyOf(route));
    const known = this.#probed.get(id);
    if (known?.version === version) return { outcome: 'follows', at: known.at };
    const { url, times = GATEWAY_DEFAULTS.probeTimes } = spec.gateway.probe;
    const { asked, follow, fault } = await probe({ url, times }, route.spec.hostnames?.[0], version, signal);
    if (follow < asked) return { outcome: 'waits', message: fault === undefined ? `but at ${url} it answers ${asked - follow} of ${asked} probes by other routes` : `but a probe of ${url} had no answer (${fault}): can the controllers reach it?` };
    const at = clock.now();
    this.#probed.set(id, { version, at });
    return { outcome: 'follows', at };
  }

  #forget(route: string): void {
    for (const known of [this.#written, this.#alteredAt, this.#followed, this.#probed]) known.delete(route);
    this.#acceptances.forget(route);
  }

  /** When the switch that the next write belongs to began. Undefined: with this write. */
  #beganAt(router: Router, live: HttpRoute | undefined): string | undefined {
    const { [CHANGED_AT]: changedAt, [SWITCH_BEGAN_AT]: beganAt } = live?.metadata?.annotations ?? {};
    if (changedAt === undefined || this.#followed.get(keyString(keyOf(router))) === changedAt) return undefined;
    const followedAt = router.status?.switches?.at(-1)?.observedAt ?? '';
    return followedAt >= changedAt ? undefined : beganAt;
  }

  async #write(wanted: HttpRoute, isProbed: boolean, beganAt: string | undefined, signal: AbortSignal): Promise<HttpRoute> {
    const { client, clock, random } = this.#context;
    const now = new Date(clock.now()).toISOString();
    // Another each time: a data plane that has not followed a change there and back must not be taken for one that has.
    const version = `v${clock.now().toString(36)}-${Math.floor(random.next() * 36 ** 4).toString(36)}`;
    const annotated = { ...wanted, spec: isProbed ? { ...wanted.spec, rules: [probeRule(version), ...wanted.spec.rules] } : wanted.spec, metadata: { ...wanted.metadata, annotations: { [CHANGED_AT]: now, [SWITCH_BEGAN_AT]: beganAt ?? now } } };
    const route = await client.apply(HttpRoutes, annotated, { fieldManager: FIELD_MANAGER, force: true, signal });
    this.#written.set(keyString(keyOf(route)), route);
    return route;
  }

  async #readRoute(key: ObjectKey, signal: AbortSignal): Promise<HttpRoute | undefined> {
    const id = keyString(key);
    const seen = await this.#read(HttpRoutes, key, signal);
    const own = this.#written.get(id);
    if (own !== undefined && seen?.metadata?.uid === own.metadata?.uid && (seen?.metadata?.generation ?? 0) < (own.metadata?.generation ?? 0)) return own;
    this.#written.delete(id);
    return seen;
  }

  /** Undefined: there is none, or no such kind. */
  async #read<T extends KubernetesObject>(kind: Resource<T>, key: ObjectKey, signal: AbortSignal): Promise<T | undefined> {
    const { client, informer } = this.#context;
    // What the copy lacks may be there: it is behind, or was never filled since the kind is missing.
    return informer(kind).get(key) ?? client.get(kind, key, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  }
}

const timeOf = ({ metadata }: HttpRoute, annotation: string): number => Date.parse(metadata?.annotations?.[annotation] ?? metadata?.creationTimestamp ?? '');

const everyGateway = (route: HttpRoute, reason: string, message: string): GatewayAnswer[] =>
  route.spec.parentRefs.map((parent) => ({ gateway: gatewayName(route, parent), outcome: 'waits', reason, message, calm: false }));

const altered = (wanted: HttpRoute, at: number): Publication => ({
  changed: false, dueAt: at + REFUSED_RETRY_MS,
  answers: everyGateway(wanted, 'RouteAltered', `The API keeps another HTTPRoute ${wanted.metadata?.name} than the one that was written: look for a webhook that changes HTTPRoutes, or definitions of the Gateway API older than v1.0`),
});

/** What another try would not change by itself. */
function refusal(error: unknown): { readonly reason: string; readonly message: string } | undefined {
  if (!(error instanceof StatusError)) return undefined;
  switch (error.code) {
    case 404: return { reason: 'GatewayApiMissing', message: 'The cluster knows no HTTPRoutes (gateway.networking.k8s.io/v1): install the standard channel of the Gateway API and a controller for it, see https://gateway-api.sigs.k8s.io/guides; routing then goes on by itself' };
    case 403: return { reason: 'RouteForbidden', message: `Aweigh may not write HTTPRoutes: ${error.message}` };
    // 500: what Kubernetes answers to a field that a definition does not have.
    case 500: return error.message.includes('not declared in schema') ? { reason: 'RouteRefused', message: `The definition of HTTPRoutes is too old: ${error.message}` } : undefined;
    case 400: case 422: return { reason: 'RouteRefused', message: `The API refuses the HTTPRoute: ${error.message}` };
    default: return undefined;
  }
}
