import { LABELS } from '../../api/group.ts';
import { routerName } from '../../api/names.ts';
import { Routers } from '../../api/kinds.ts';
import type { PodRouterProvider, Router } from '../../api/router/router.ts';
import { EndpointSlices, Pods, Services } from '../../client/kinds.ts';
import { keyOf, type KubernetesObject, type ObjectKey } from '../../client/resource.ts';
import type { Controller, ControllerContext, ControllerFactory, ReconcileResult } from '../../runtime/controller.ts';
import { source } from '../../runtime/controller.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';
import { urgencyOf } from '../urgency.ts';
import { createSecrets, credentialsOf, deletePod, writeStatus } from './apply.ts';
import { SwitchBarrier } from './switch-barrier.ts';
import { textOf, ToldPods } from './told-pods.ts';
import type { ControlAuthority } from './control-authority.ts';
import { entryTask, podKindOf, type EntryTask } from './entry.ts';
import { indexRouting, observe, type ObservedPod, ROUTER_LABEL, SecretCache } from './observe.ts';
import { publish, type Published } from './publishing.ts';
import { nextStatus, trafficOf } from './reconcile.ts';
import type { RoutePublisher, RoutePublisherFactory } from './route-publisher.ts';
import { CannotRouteError, type ControlCredentials, type TellResult, type Traffic, type TrafficProvider } from './traffic-provider.ts';

export interface RoutingOptions {
  readonly providers: Readonly<Record<PodRouterProvider, TrafficProvider>>;
  /** For Routers that Gateways stand for. */
  readonly publisher: RoutePublisherFactory;
  readonly authority: ControlAuthority;
  /** How long one telling of one pod may take. Default 2,000. */
  readonly tellTimeoutMs?: number;
  /** How long a pod may stay untold before it is deleted: it served before, or it only starts. Defaults 3,000 and 30,000. */
  readonly servingDeadlineMs?: number;
  readonly startingDeadlineMs?: number;
}

const RETRY_MS = 100;
/** How long routers that are prepared wait for one that is slow. */
const PREPARE_LIMIT_MS = 800;
const LEAVING_TIMEOUT_MS = 500;
/**
 * A router that starts again is known by what its node says of it, or by the connection that it cut, however many there are. Beyond that each is
 * asked now and then, as somebody may have told it otherwise: of all Routers one in this time, since a look at four pods takes 12 ms of processor time.
 */
const RESYNC_MS = 30_000;
const RESYNC_MS_FOR_EACH = 30_000;

const ofApplication = ({ metadata }: KubernetesObject): ObjectKey[] => {
  const application = metadata?.labels?.[LABELS.application];
  return application === undefined ? [] : [{ namespace: metadata?.namespace, name: routerName(application) }];
};

/** A Router whose routers are pods. */
interface Tier {
  readonly router: Router;
  readonly provider: TrafficProvider;
}

/** Keeps every router pod in line with its Router and with the endpoints that are ready. */
export function routingController(options: RoutingOptions): ControllerFactory {
  return (context) => new RoutingController(context, options);
}

class RoutingController implements Controller {
  readonly name = 'routing';
  /** A reconcile mostly waits for routers: one that does not answer keeps no other Router waiting. */
  readonly workers = 64;
  readonly sources = [
    source(Routers, (router) => [keyOf(router)]),
    source(EndpointSlices, ofApplication),
    source(Services, ofApplication),
    source(Pods, (pod) => {
      const name = pod.metadata?.labels?.[ROUTER_LABEL];
      return name === undefined ? [] : [{ namespace: pod.metadata?.namespace, name }];
    }, ROUTER_LABEL),
  ];
  readonly #context: ControllerContext;
  readonly #options: RoutingOptions;
  readonly #secrets = new SecretCache();
  readonly #events;
  /** By pod uid: since when it has been untold. */
  readonly #untoldSince = new Map<string, number>();
  readonly #served = new Set<string>();
  readonly #told = new ToldPods();
  readonly #publisher: RoutePublisher;
  readonly #isUrgent: (application: ObjectKey) => boolean;
  #wake: (router: ObjectKey) => void = () => undefined;

  constructor(context: ControllerContext, options: RoutingOptions) {
    this.#context = context;
    this.#options = options;
    this.#publisher = options.publisher(context);
    this.#events = createEventRecorder(context, 'aweigh-routing');
    indexRouting(context);
    this.#isUrgent = urgencyOf(context);
  }

  async start(enqueue: (key: ObjectKey) => void): Promise<void> {
    this.#wake = enqueue;
    // It names the port of the endpoints.
    await this.#context.informer(Services).synced;
  }

  isUrgent(key: ObjectKey): boolean {
    const router = this.#context.informer(Routers).get(key);
    return router !== undefined && router.status?.observedGeneration !== router.metadata?.generation && this.#isUrgent({ ...key, name: router.spec.application });
  }

  async reconcile(key: ObjectKey, signal: AbortSignal): Promise<ReconcileResult> {
    const context = this.#context;
    const observed = await observe(context, key, this.#secrets);
    if (observed === undefined || observed.router.metadata?.deletionTimestamp !== undefined) {
      this.#secrets.forget(key);
      return {};
    }
    const { router, pods, arriving, entrances, servers, podSecret, clientSecret } = observed;
    const traffic = trafficOf(router.spec, servers);
    const kind = podKindOf(router.spec);
    if (kind !== undefined && (podSecret === undefined || clientSecret === undefined)) {
      await createSecrets(context, router, this.#options.authority, [podSecret, clientSecret]);
      return { requeueAfterMs: 1 };
    }
    const results = kind === undefined || clientSecret === undefined ? [] : await this.#tellAll({ router, provider: this.#options.providers[kind] }, pods, traffic, credentialsOf(clientSecret), signal);
    // After the routers, which follow at once: a switch of both lasts until the Gateways have followed.
    const entry = await this.#enter(router, traffic, signal);
    const now = context.clock.now();
    const status = nextStatus({ spec: router.spec, generation: router.metadata?.generation ?? 0, previous: router.status, traffic, servers, routers: { results, arriving, entrances }, entry, now });
    if (entry.task === 'withdraw') await this.#publisher.withdraw(key, signal);
    this.#tellTrouble(router, entry);
    await writeStatus(context, router, status, this.isUrgent(key));
    const untold = await this.#judge(router, pods, results, now);
    if (untold) this.#secrets.forget(key);
    const dueMs = entry.dueAt === undefined ? Infinity : Math.max(1, entry.dueAt - now);
    return { requeueAfterMs: Math.min(untold ? RETRY_MS : this.#resyncMs(), dueMs) };
  }

  /** Spread, since all of them are told in the same moment when this process starts. */
  #resyncMs(): number {
    const { informer, random } = this.#context;
    return Math.max(RESYNC_MS, RESYNC_MS_FOR_EACH * informer(Routers).list().length) * (1 + random.next() / 2);
  }

  /** Has the Gateways route, where users come through them. */
  async #enter(router: Router, traffic: Traffic, signal: AbortSignal): Promise<Published & { readonly task: EntryTask }> {
    const task = entryTask(router.spec, router.status);
    if (task !== 'versions' && task !== 'routers') return { task, results: [] };
    this.#publisher.watch(this.#wake);
    return { task, ...(await publish(this.#publisher, router, task === 'routers' ? 'routers' : traffic, signal)) };
  }

  #tellTrouble(router: Router, { task, trouble }: Published & { readonly task: EntryTask }): void {
    const type = task === 'routers' ? 'GatewaysLead' : 'Told';
    if (trouble !== undefined && router.status?.conditions?.find((c) => c.type === type)?.reason !== trouble.reason) this.#events.event(router, 'Warning', trouble.reason, trouble.message);
  }

  async #tellAll({ router, provider }: Tier, pods: readonly ObservedPod[], traffic: Traffic, credentials: ControlCredentials, signal: AbortSignal): Promise<TellResult[]> {
    for (const pod of pods) if (pod.terminating) provider.forget(pod);
    const serving = new Set(pods.filter((p) => this.#hasServed(router, p)));
    const barrier = new SwitchBarrier(serving.size);
    const text = textOf(traffic);
    const cancel = this.#context.clock.after(PREPARE_LIMIT_MS, () => barrier.release());
    try {
      return await Promise.all(
        pods.map(async (pod) => {
          let pending = serving.has(pod);
          const arrive = (): Promise<void> => {
            if (!pending) return Promise.resolve();
            pending = false;
            return barrier.arrive();
          };
          const known = this.#told.recall(pod, text, this.#context.clock.now());
          const result: TellResult = known === undefined ? await this.#tell({ router, provider }, pod, traffic, credentials, signal, arrive) : { outcome: 'told', name: pod.name, told: known };
          if (result.outcome === 'failed') this.#told.forget(pod);
          else if (known === undefined) this.#told.remember(pod, text, result.told, this.#context.clock.now());
          if (pending) barrier.leave();
          return result;
        }),
      );
    } finally {
      cancel();
    }
  }

  #hasServed(router: Router, pod: ObservedPod): boolean {
    return this.#served.has(pod.uid) || (router.status?.pods?.some((p) => p.name === pod.name) ?? false);
  }

  async #tell({ router, provider }: Tier, pod: ObservedPod, traffic: Traffic, credentials: ControlCredentials, signal: AbortSignal, atSwitch: () => Promise<void>): Promise<TellResult> {
    const { tellTimeoutMs = 2_000 } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(pod.terminating ? LEAVING_TIMEOUT_MS : tellTimeoutMs)]);
    try {
      return { outcome: 'told', name: pod.name, told: await provider.tell({ name: pod.name, address: pod.address, leaving: pod.terminating, lost: () => this.#lost(router, pod) }, credentials, traffic, limit, atSwitch) };
    } catch (error) {
      return { outcome: 'failed', name: pod.name, served: this.#hasServed(router, pod), terminating: pod.terminating, config: error instanceof CannotRouteError, message: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Its process is gone, and the next one waits to be told: nobody waits until a node has noticed. */
  #lost(router: Router, pod: ObservedPod): void {
    this.#told.forget(pod);
    this.#wake(keyOf(router));
  }

  /** Deletes what stayed untold too long. True: some pod is still to be told. */
  async #judge(router: Router, pods: readonly ObservedPod[], results: readonly TellResult[], now: number): Promise<boolean> {
    const { servingDeadlineMs = 3_000, startingDeadlineMs = 30_000 } = this.#options;
    let untold = false;
    for (const [i, result] of results.entries()) {
      const pod = pods[i];
      if (pod === undefined) continue;
      if (result.outcome === 'told') {
        this.#untoldSince.delete(pod.uid);
        this.#served.add(pod.uid);
        continue;
      }
      if (pod.terminating) continue;
      untold = true;
      const since = this.#untoldSince.get(pod.uid) ?? now;
      this.#untoldSince.set(pod.uid, since);
      if (result.config || now - since < (result.served ? servingDeadlineMs : startingDeadlineMs)) continue;
      this.#context.log.warn({ controller: this.name, namespace: router.metadata?.namespace, name: router.metadata?.name, pod: pod.name, error: result.message }, 'Router pod deleted: it cannot be told');
      this.#events.event(router, 'Warning', 'RouterNotTold', `Deleted router pod ${pod.name}: ${result.message}`);
      await deletePod(this.#context, router.metadata?.namespace, pod);
      // One at a time: where none can be told, the trouble may not be the pods'.
      for (const other of pods) this.#untoldSince.delete(other.uid);
      break;
    }
    if (this.#served.size > 1_000) this.#forgetGone();
    return untold;
  }

  #forgetGone(): void {
    const there = new Set(this.#context.informer(Pods, ROUTER_LABEL).list().map((p) => p.metadata?.uid ?? ''));
    this.#told.keepOnly(there);
    for (const uid of this.#served) if (!there.has(uid)) this.#served.delete(uid);
    for (const uid of this.#untoldSince.keys()) if (!there.has(uid)) this.#untoldSince.delete(uid);
  }
}

