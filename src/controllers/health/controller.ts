import { LABELS } from '../../api/group.ts';
import { Applications, NotificationChannels, Notifications, Silences } from '../../api/kinds.ts';
import type { Notification } from '../../api/notification/notification.ts';
import { Services } from '../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../client/resource.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../client/status-error.ts';
import { source, type Controller, type ControllerContext, type ControllerFactory, type ReconcileResult } from '../../runtime/controller.ts';
import { createEventRecorder, type EventRecorder } from '../../runtime/event-recorder.ts';
import { fieldManagers } from '../../runtime/field-managers.ts';
import { nextAlerts, remembered, unbrokenSince, type Alert } from './alerts.ts';
import { channelFindings, channelHealth } from './channel-rules.ts';
import { cleanUp, planCleanUp } from './clean-up.ts';
import type { Finding } from './finding.ts';
import { composeNotification } from './message.ts';
import { channelId, decideNotices } from './notices.ts';
import type { ServiceInput } from './service-input.ts';
import { ServiceWatch } from './service-watch.ts';
import { outlived, silencedUntil } from './silenced.ts';
import { HEALTH_STATE, StateStore, type HealthState } from './state.ts';

/** All changes of a moment are one look. */
const LOOK_INTERVAL_MS = 200;
/** Now and then a look is at every service: however many there are, this takes a hundredth of the time at most. */
const REST_FOR_EACH_WHOLE_LOOK = 100;
/** And now and then at every resource, though each change was seen. */
const ALL_LOOK_MS = 600_000;
/** Age is a rule of its own: forgotten versions and stuck releases show without any event. */
const AGE_LOOK_MS = 60_000;

/** Looks at every service when something of it changes, and decides what people are told. The messages themselves are another controller's. */
export function healthController(): ControllerFactory {
  return (context) => new HealthController(context);
}

class HealthController implements Controller {
  readonly name = 'health';
  readonly workers = 1;
  readonly sources: Controller['sources'];
  readonly #services: ServiceWatch;
  readonly #context: ControllerContext;
  readonly #store: StateStore;
  readonly #events: EventRecorder;
  #lookedAt = -Infinity;
  #wholeLookDueAt = -Infinity;
  #allLookDueAt = -Infinity;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#services = new ServiceWatch(context);
    this.sources = [...this.#services.sources, ...[NotificationChannels as Resource, Silences as Resource, Notifications as Resource].map((kind) => source(kind, () => [HEALTH_STATE]))];
    this.#store = new StateStore(context.client);
    this.#events = createEventRecorder(context, 'aweigh-health');
  }

  async reconcile(): Promise<ReconcileResult> {
    const { clock, informer } = this.#context;
    const now = clock.now();
    const early = this.#lookedAt + LOOK_INTERVAL_MS - now;
    if (early > 0 && early <= LOOK_INTERVAL_MS) return { requeueAfterMs: early };
    this.#lookedAt = now;
    const before = await this.#store.read();
    const seen = this.#look(now);
    const services = seen.map(({ input }) => input);
    const findings = [...seen.flatMap((s) => s.findings), ...this.#channelFindings(now)];
    const channels = informer(NotificationChannels).list().toSorted((a, b) => (channelId(a) < channelId(b) ? -1 : 1));
    const silences = informer(Silences).list();
    const alerts = nextAlerts(before.alerts, findings, now);
    const decision = decideNotices({ alerts, channels, lastFiringAt: before.lastFiringAt, sequence: before.sequence, silencedUntil: (alert) => silencedUntil(alert, silences, now), now });
    const alertsById = new Map(decision.alerts.map((a) => [a.id, a])), findingsById = new Map(findings.map((f) => [f.id, f]));
    const messages = decision.notices.flatMap((notice) => {
      const channel = channels.find((c) => channelId(c) === notice.channel);
      return channel === undefined ? [] : [composeNotification(notice, channel, alertsById, findingsById, now)];
    });
    const outbox = before.outbox.filter((m) => channels.some((c) => channelId(c) === `${m.metadata?.namespace}/${m.spec.channel}`));
    const after: HealthState = { alerts: remembered(decision.alerts, now), outbox: [...outbox, ...messages], lastFiringAt: decision.lastFiringAt, sequence: decision.sequence };
    await this.#settle(after);
    this.#record(before.alerts, alerts);
    await this.#cleanUp(services, after.alerts, now);
    for (const { metadata } of outlived(silences, now)) await this.#context.client.delete(Silences, { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
    return { requeueAfterMs: Math.max(1, Math.min(AGE_LOOK_MS, (decision.nextAt ?? Infinity) - now)) };
  }

  #look(now: number): ReturnType<ServiceWatch['look']> {
    const { clock } = this.#context;
    const whole = now >= this.#wholeLookDueAt || this.#wholeLookDueAt - now > AGE_LOOK_MS;
    const startedAt = clock.now();
    const all = whole && (now >= this.#allLookDueAt || this.#allLookDueAt - now > ALL_LOOK_MS);
    if (all) this.#allLookDueAt = now + ALL_LOOK_MS;
    const seen = this.#services.look(now, all ? 'all' : whole ? 'aged' : 'changed');
    if (whole) this.#wholeLookDueAt = now + Math.min(AGE_LOOK_MS, Math.max(LOOK_INTERVAL_MS, (clock.now() - startedAt) * REST_FOR_EACH_WHOLE_LOOK));
    return seen;
  }

  #channelFindings(now: number): Finding[] {
    const { informer } = this.#context;
    return channelFindings(channelHealth(informer(NotificationChannels).list(), informer(Notifications).list()), now);
  }

  /** The decision first, then what follows from it: a kill in between leaves the messages in the outbox, and their names make each of them once. */
  async #settle(state: HealthState): Promise<void> {
    await this.#store.write(state);
    if (state.outbox.length === 0) return;
    const left: Notification[] = [], errors: unknown[] = [];
    // One that cannot be made, such as in a namespace that goes, holds up no other.
    for (const message of state.outbox) await this.#createOnce(message).catch((error: unknown) => { left.push(message); errors.push(error); });
    await this.#store.write({ ...state, outbox: left });
    if (errors.length > 0) throw errors[0];
  }

  async #createOnce(message: Notification): Promise<void> {
    try {
      await this.#context.client.create(Notifications, message, { fieldManager: fieldManagers.health });
      this.#context.log.info({ controller: this.name, namespace: message.metadata?.namespace, name: message.metadata?.name, alerts: message.spec.total }, 'Notification made');
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  /** Where the policy says so. What fails is tried at the next look. */
  async #cleanUp(services: readonly ServiceInput[], alerts: readonly Alert[], now: number): Promise<void> {
    const { client, informer, log } = this.#context;
    const since = new Map(alerts.filter((a) => a.healedAt === undefined).map((a) => [a.id, unbrokenSince(a)]));
    for (const input of services.filter((s) => s.policy.cleanUp.mode === 'Delete')) {
      for (const item of planCleanUp({ ...input, now }, informer(Services).list(input.namespace), since)) {
        if (item.verdict !== 'delete') continue;
        const { kind, name, namespace, why } = item;
        try {
          await cleanUp(client, item);
          log.info({ controller: this.name, kind, namespace, name, reason: why }, 'Forgotten version deleted');
          const about = this.#subject(`${namespace}/${input.service}`);
          if (about !== undefined) this.#events.event(about, 'Normal', 'CleanedUp', `Deleted ${kind} ${name}: ${why}`);
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) log.warn({ controller: this.name, kind, namespace, name, error: error instanceof Error ? error.message : String(error) }, 'Clean-up failed; trying again');
        }
      }
    }
  }

  /** Events of what changed, on the Application or on a Service. */
  #record(before: readonly Alert[], after: readonly Alert[]): void {
    const known = new Map(before.map((a) => [a.id, a]));
    for (const alert of after) {
      const last = known.get(alert.id);
      const unwell = alert.due && alert.healedAt === undefined, was = last?.due === true && last.healedAt === undefined;
      if (unwell === was && (!unwell || last?.rule === alert.rule)) continue;
      const about = this.#subject(alert.id);
      if (about === undefined) continue;
      if (unwell) this.#events.event(about, 'Warning', alert.rule, alert.message);
      else this.#events.event(about, 'Normal', 'Healed', `No longer: ${alert.message}`);
    }
  }

  #subject(id: string): KubernetesObject | undefined {
    const [namespace = '', name = ''] = id.split('/');
    const { informer } = this.#context;
    const application = informer(Applications).get({ namespace, name });
    if (application !== undefined) return { ...application, apiVersion: 'aweigh.dev/v1alpha1', kind: 'Application' };
    const service = informer(Services).list(namespace).find((s) => s.metadata?.labels?.[LABELS.app] === name && s.metadata.labels[LABELS.tier] === 'service');
    return service && { ...service, apiVersion: 'v1', kind: 'Service' };
  }
}
