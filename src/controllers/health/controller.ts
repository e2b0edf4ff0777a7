import { Applications, Deliveries, Releases, Routers } from '../../api/kinds.ts';
import { LABELS } from '../../api/group.ts';
import { routerName } from '../../api/names.ts';
import { ConfigMaps, Deployments, Namespaces } from '../../client/kinds.ts';
import type { KubernetesObject } from '../../client/resource.ts';
import { isAlreadyExists, isNotFound } from '../../client/status-error.ts';
import { source, type Controller, type ControllerContext, type ControllerFactory, type ReconcileResult } from '../../runtime/controller.ts';
import { evaluate } from './evaluate.ts';
import type { Finding, ServiceHealth } from './finding.ts';
import { noticeText, type Notifier } from './notifier.ts';
import { delivered, nextAlerts, nextLookMs, notices, remembered, type Alert } from './notify.ts';

export const HEALTH_NAMESPACE = 'aweigh-system';
/** Holds what was told to whom, so that a restart repeats nothing and forgets nothing. */
export const HEALTH_STATE = 'aweigh-health';
/** On an Application: RFC 3339; until then its findings are told to nobody. */
export const SILENCED_UNTIL = 'aweigh.dev/silenced-until';
const KEY = { namespace: HEALTH_NAMESPACE, name: HEALTH_STATE };
const RETRY_MS = 2_000;
const SEND_DEADLINE_MS = 15_000;
/** Age is a rule of its own: forgotten versions and stuck releases show without any event. */
const AGE_LOOK_MS = 60_000;

/** Looks at every Application when something of it changes, and tells the channels what became wrong or well. */
export function healthController(notifiers: readonly Notifier[]): ControllerFactory {
  return (context) => {
    context.informer(Deployments).addIndex('health', (d) => (d.metadata?.labels?.[LABELS.application] === undefined ? [] : [`${d.metadata.namespace}/${d.metadata.labels[LABELS.application]}`]));
    const wake = (object: KubernetesObject): readonly typeof KEY[] => (object.metadata?.name === undefined ? [] : [KEY]);
    return {
      name: 'health',
      workers: 1,
      sources: [source(Applications, wake), source(Deliveries, wake), source(Routers, wake), source(Releases, wake), source(Deployments, (d) => (d.metadata?.labels?.[LABELS.application] === undefined ? [] : [KEY]))],
      reconcile: (_, signal) => reconcile(context, notifiers, signal),
    } satisfies Controller;
  };
}

async function reconcile(context: ControllerContext, notifiers: readonly Notifier[], signal: AbortSignal): Promise<ReconcileResult> {
  const now = context.clock.now();
  const before = await readAlerts(context);
  let alerts = nextAlerts(before, observeAll(context).flatMap((s) => s.findings), now);
  let undelivered = false;
  for (const notice of notices(alerts, notifiers.map((n) => n.name), (f) => isSilenced(context, f, now), now)) {
    const notifier = notifiers.find((n) => n.name === notice.channel);
    if (notifier === undefined) continue;
    try {
      await notifier.send(notice, noticeText(notice), AbortSignal.any([signal, AbortSignal.timeout(SEND_DEADLINE_MS)]));
      alerts = delivered(alerts, notice);
      await writeAlerts(context, before, alerts);
    } catch (error) {
      undelivered = true;
      context.log.warn({ channel: notice.channel, alerts: notice.alerts.length, error: error instanceof Error ? error.name : 'unknown' }, 'Notice not delivered; trying again');
    }
  }
  await writeAlerts(context, before, remembered(alerts, now));
  return { requeueAfterMs: undelivered ? RETRY_MS : Math.min(AGE_LOOK_MS, nextLookMs(alerts, now) ?? AGE_LOOK_MS) };
}

/** The health of every Application, from the informers. */
export function observeAll({ informer, clock }: Pick<ControllerContext, 'informer' | 'clock'>): ServiceHealth[] {
  const releases = Map.groupBy(informer(Releases).list(), (r) => `${r.metadata?.namespace}/${r.spec.application}`);
  return informer(Applications).list().map((application) => {
    const { namespace = '', name = '' } = application.metadata ?? {};
    return evaluate({
      application, now: clock.now(), releases: releases.get(`${namespace}/${name}`) ?? [],
      delivery: informer(Deliveries).get({ namespace, name }), router: informer(Routers).get({ namespace, name: routerName(name) }),
      deployments: informer(Deployments).byIndex('health', `${namespace}/${name}`),
    });
  });
}

function isSilenced({ informer }: ControllerContext, finding: Finding, now: number): boolean {
  const until = informer(Applications).get({ namespace: finding.namespace, name: finding.application })?.metadata?.annotations?.[SILENCED_UNTIL];
  return until !== undefined && Date.parse(until) > now;
}

async function readAlerts({ client }: ControllerContext): Promise<readonly Alert[]> {
  try {
    const state = await client.get(ConfigMaps, KEY);
    return JSON.parse(state.data?.['alerts'] ?? '[]') as readonly Alert[];
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** Writes only what differs in more than the time of the last look. */
async function writeAlerts({ client }: ControllerContext, before: readonly Alert[], alerts: readonly Alert[]): Promise<void> {
  const lasting = (list: readonly Alert[]): string => JSON.stringify(list.map(({ seenAt: _, ...alert }) => alert));
  if (lasting(before) === lasting(alerts)) return;
  const state = { apiVersion: 'v1', kind: 'ConfigMap', metadata: KEY, data: { alerts: JSON.stringify(alerts) } };
  try {
    await client.apply(ConfigMaps, state, { fieldManager: 'aweigh-health', force: true });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: HEALTH_NAMESPACE } }).catch((e: unknown) => { if (!isAlreadyExists(e)) throw e; });
    await client.apply(ConfigMaps, state, { fieldManager: 'aweigh-health', force: true });
  }
}
