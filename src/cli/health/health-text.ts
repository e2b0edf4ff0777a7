import { age } from '../output/age.ts';
import { table } from '../output/table.ts';
import type { Health, ShownFinding, ShownService } from './read-health.ts';

export interface HealthTextOptions {
  readonly now: number;
  /** Lines that fit; healthy services share one line where there are more. */
  readonly rows: number;
}

const HEADER = ['SERVICE', 'STATE', 'ROUTERS', 'TRACKS', 'WHAT', 'NEXT'] as const;

/** A whole installation on one screen, the worst first, every line with the next command. */
export function healthText(health: Health, options: HealthTextOptions): string {
  if (health.services.length === 0) return "No service here: an Application is one ('aweigh apply FILE'), and so is every Service labelled tier=service with a label app";
  const unwell = health.services.filter((s) => s.state === 'critical' || s.state === 'warning');
  const well = health.services.filter((s) => s.state === 'healthy' || s.state === 'new');
  const troubled = unwell.flatMap((s) => serviceRows(s, options.now));
  const waiting = health.services.flatMap((s) => waitingRows(s, options.now));
  const fits = troubled.length + waiting.length + well.length + health.channels.length + 6 <= options.rows;
  const rows = [...troubled, ...(fits ? well.map((s) => serviceRows(s, options.now)).flat() : [])];
  return [
    headline(health),
    ...(rows.length === 0 ? [] : [table(HEADER, rows)]),
    ...(fits || well.length === 0 ? [] : [`${well.length} healthy: ${well.map((s) => s.service).join(', ')}; next: aweigh health --all`]),
    ...(waiting.length === 0 ? [] : [table(['RELEASE', 'PHASE', 'SINCE', 'WAITS FOR', 'NEXT'], waiting)]),
    ...channelLines(health, options.now),
  ].join('\n\n');
}

function headline({ services }: Health): string {
  const count = (state: ShownService['state']): number => services.filter((s) => s.state === state).length;
  const states = (['critical', 'warning', 'new', 'healthy'] as const).filter((s) => count(s) > 0).map((s) => `${count(s)} ${s}`).join(', ');
  const releases = services.reduce((sum, s) => sum + s.releases.length, 0), forgotten = services.reduce((sum, s) => sum + s.forgotten.length, 0);
  return [`${services.length} service${services.length === 1 ? '' : 's'}: ${states}`, `${releases} release${releases === 1 ? '' : 's'} in motion`, ...(forgotten > 0 ? [`${forgotten} forgotten version${forgotten === 1 ? '' : 's'}`] : [])].join('    ');
}

/** A line a finding; one line where all is well. */
function serviceRows(service: ShownService, now: number): string[][] {
  const { routers, tracks } = service;
  const head = [nameOf(service), service.state === 'critical' ? 'CRITICAL' : service.state, routers === undefined ? '-' : `${routers.ready}/${routers.wanted}`, tracks.map((t) => `${t.ready}/${t.wanted}`).join(' ')];
  if (service.findings.length === 0) return [[...head, service.state === 'new' ? 'nothing released yet' : versions(service), service.managed ? `aweigh status ${service.service} -n ${service.namespace}` : `kubectl -n ${service.namespace} get deployments,services -l app=${service.service}`]];
  return service.findings.map((f, i) => [...(i === 0 ? head : ['', f.severity === 'critical' ? 'CRITICAL' : f.severity, '', '']), what(f, service, now), f.next]);
}

/** A line a finding, with the next command; none where all is well. */
export function verdictText(service: ShownService, now: number): string[] {
  return service.findings.map((f) => `${f.severity === 'critical' ? 'CRITICAL' : 'Warning'}: ${what(f, service, now)}; next: ${f.next}`);
}

const nameOf = ({ namespace, service }: ShownService): string => (namespace === 'default' ? service : `${namespace}/${service}`);

function what(finding: ShownFinding, { service }: ShownService, now: number): string {
  const text = finding.message.startsWith(`${service}: `) ? finding.message.slice(service.length + 2) : finding.message;
  return `${text}${finding.since === undefined ? '' : ` (since ${age(finding.since, now)})`}${finding.silencedUntil === undefined ? '' : ` [silent until ${finding.silencedUntil}]`}`;
}

/** `v1.18.0`, or each track's where they differ. */
function versions({ tracks }: ShownService): string {
  const shown = [...new Set(tracks.flatMap((t) => t.version ?? []))];
  return shown.length === 1 ? (shown[0] ?? '') : tracks.flatMap((t) => (t.version === undefined ? [] : [`${t.name} ${t.version}`])).join(', ');
}

/** Releases that stand still, by intent or not. */
function waitingRows(service: ShownService, now: number): string[][] {
  return service.releases.filter((r) => r.waitsFor !== 'progress').map((r) => [r.name, `${r.phase}${r.track === undefined ? '' : ` on ${r.track}`}`, age(new Date(r.since).toISOString(), now), r.message === '' ? r.waitsFor : `${r.waitsFor}: ${r.message}`, r.next]);
}

function channelLines({ channels }: Health, now: number): string[] {
  if (channels.length === 0) return ["Nobody is told of changes: make a NotificationChannel, see docs/health.md"];
  const rows = channels.map((c) => [`${c.namespace}/${c.name}`, c.state, String(c.undelivered), age(c.lastDeliveredAt, now), c.error ?? '', `kubectl -n ${c.namespace} get notifications`]);
  return [table(['CHANNEL', 'STATE', 'WAITING', 'LAST', 'WHY', 'NEXT'], rows)];
}
