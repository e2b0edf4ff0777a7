import type { Notification, NotifiedAlert } from '../../api/notification/notification.ts';
import { API_VERSION } from '../../api/group.ts';
import type { NotificationChannel } from '../../api/notification-channel/notification-channel.ts';
import { isFlapping, type Alert } from './alerts.ts';
import type { Finding } from './finding.ts';
import type { Notice } from './notices.ts';
import { duration } from './service-input.ts';

const MAX_ALERTS = 50;
const MAX_LINES = 30;
const NAMED_SERVICES = 3;

/** The Notification that a notice becomes: the service, the rule, the value, since when, and the next command. */
export function composeNotification(notice: Notice, channel: NotificationChannel, alerts: ReadonlyMap<string, Alert>, findings: ReadonlyMap<string, Finding>, now: number): Notification {
  const about = notice.alerts.flatMap((id) => alerts.get(id) ?? []);
  const { namespace = '', name = '', uid = '' } = channel.metadata ?? {};
  const severity = about.some((a) => a.severity === 'critical') ? 'critical' : 'warning';
  const lines = about.slice(0, MAX_LINES).map((a) => line(a, findings.get(a.id), now));
  const rest = about.length - lines.length;
  return {
    apiVersion: API_VERSION, kind: 'Notification',
    metadata: { namespace, name: notice.key, ownerReferences: [{ apiVersion: API_VERSION, kind: 'NotificationChannel', name, uid }] },
    spec: {
      channel: name, kind: notice.kind, severity, dedupeKey: `${namespace}/${notice.key}`, subject: subject(notice.kind, severity, about),
      ...(notice.closes.length > 0 ? { closes: notice.closes.map((key) => `${namespace}/${key}`) } : {}),
      text: [...lines, ...(rest > 0 ? [`and ${rest} more\n  next: aweigh health`] : [])].join('\n'),
      alerts: about.slice(0, MAX_ALERTS).map((a) => notified(a, findings.get(a.id))), total: about.length,
    },
  };
}

function subject(kind: Notice['kind'], severity: string, alerts: readonly Alert[]): string {
  const state = kind === 'resolved' ? 'healed' : severity;
  const [only] = alerts;
  if (alerts.length === 1 && only !== undefined) return `[aweigh] ${state}: ${only.message}`;
  const services = [...new Set(alerts.map((a) => serviceOf(a.id)))];
  const named = services.slice(0, NAMED_SERVICES).join(', ');
  return `[aweigh] ${state}: ${named}${services.length > NAMED_SERVICES ? ` and ${services.length - NAMED_SERVICES} more services` : ''} (${alerts.length} alerts)`;
}

function line(alert: Alert, finding: Finding | undefined, now: number): string {
  const head = `${alert.severity === 'critical' ? 'CRITICAL' : 'WARNING'} ${alert.rule} in ${namespaceOf(alert.id)}`;
  const since = new Date(alert.since).toISOString();
  if (alert.healedAt !== undefined) return `HEALED ${alert.rule} in ${namespaceOf(alert.id)}: ${alert.message}; from ${since} for ${duration(alert.healedAt - alert.since)}`;
  const again = isFlapping(alert, now) ? `, back for the ${alert.returns.length}th time: it flaps` : '';
  return `${head}: ${finding?.message ?? alert.message}; since ${since}${again}${finding === undefined ? '' : `\n  next: ${finding.next}`}`;
}

function notified({ id, rule, severity, message, since, healedAt }: Alert, finding: Finding | undefined): NotifiedAlert {
  const [namespace = '', service = '', ...rest] = id.split('/');
  return {
    namespace, service, subject: rest.join('/'), rule, severity, message: finding?.message ?? message, since: new Date(since).toISOString(),
    ...(healedAt === undefined ? {} : { healedAt: new Date(healedAt).toISOString() }),
    ...(finding === undefined ? {} : { value: finding.value, wanted: finding.wanted, next: finding.next }),
  };
}

const namespaceOf = (id: string): string => id.split('/')[0] ?? '';
const serviceOf = (id: string): string => id.split('/')[1] ?? '';
