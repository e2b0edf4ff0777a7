import { NotificationChannels, Notifications, Silences } from '../../api/kinds.ts';
import type { Silence } from '../../api/silence/silence.ts';
import type { Client } from '../../client/client.ts';
import { ConfigMaps } from '../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../client/resource.ts';
import { isNotFound, StatusError } from '../../client/status-error.ts';
import { unbrokenSince, type Alert } from '../../controllers/health/alerts.ts';
import { channelFindings, channelHealth, type ChannelHealth } from '../../controllers/health/channel-rules.ts';
import { evaluate, rankServices } from '../../controllers/health/evaluate.ts';
import type { Finding, ServiceHealth } from '../../controllers/health/finding.ts';
import { HEALTH_KINDS, healthResources, observeServices, type HealthResources } from '../../controllers/health/observe.ts';
import { silencedUntil } from '../../controllers/health/silenced.ts';
import { HEALTH_STATE, readState } from '../../controllers/health/state.ts';
import { UserError } from '../user-error.ts';

/** A finding with what the health controller knows of it. */
export type ShownFinding = Finding & {
  /** RFC 3339. Absent: no health controller has seen it yet. */
  readonly since?: string;
  /** RFC 3339: until when nobody is told. */
  readonly silencedUntil?: string;
};

export type ShownService = Omit<ServiceHealth, 'findings'> & { readonly findings: readonly ShownFinding[] };

export interface Health {
  /** The worst first. */
  readonly services: readonly ShownService[];
  readonly channels: readonly ChannelHealth[];
  /** Of the channels. */
  readonly findings: readonly ShownFinding[];
}

export interface HealthQuery {
  readonly client: Client;
  /** Absent: all. */
  readonly namespace?: string;
  readonly service?: string;
  readonly now: number;
}

/** The verdict of the health controller's own rules on what is in the cluster right now: any cluster, also one that knows no kind of Aweigh. */
export async function readHealth(query: HealthQuery): Promise<Health> {
  const { now } = query;
  const [resources, channels, notifications, silences, alerts] = await Promise.all([
    readResources(query), listAll(query, NotificationChannels), listAll(query, Notifications), listAll(query, Silences), readAlerts(query.client),
  ]);
  const since = new Map(alerts.map((a) => [a.id, a.since]));
  const show = (finding: Finding): ShownFinding => shown(finding, since, silences, now);
  const services = rankServices(observeServices(resources, now).filter((s) => query.service === undefined || s.service === query.service).map(evaluate));
  const channelStates = query.service === undefined ? channelHealth(channels, notifications) : [];
  return { services: services.map((s) => ({ ...s, findings: s.findings.map(show) })), channels: channelStates, findings: channelFindings(channelStates, now).map(show) };
}

export async function readResources(query: HealthQuery): Promise<HealthResources> {
  const kinds = Object.values(HEALTH_KINDS as Readonly<Record<string, Resource>>);
  const lists = new Map<string, readonly KubernetesObject[]>(await Promise.all(kinds.map(async (kind) => [kind.plural, await listAll(query, kind)] as const)));
  return healthResources(<T extends KubernetesObject>(kind: Resource<T>) => (lists.get(kind.plural) ?? []) as readonly T[]);
}

/** None where the cluster does not know the kind. */
async function listAll<T extends KubernetesObject>({ client, namespace }: HealthQuery, kind: Resource<T>): Promise<T[]> {
  const items: T[] = [];
  let continueToken: string | undefined;
  do {
    try {
      const page = await client.list(kind, { limit: 500, ...(namespace && { namespace }), ...(continueToken && { continueToken }) });
      items.push(...page.items);
      continueToken = page.continueToken;
    } catch (error) {
      if (isNotFound(error)) return [];
      if (error instanceof StatusError && error.reason === 'Forbidden' && namespace === undefined) throw new UserError(`You may not list ${kind.plural} of every namespace: name yours with -n NAMESPACE`, { cause: error });
      throw error;
    }
  } while (continueToken !== undefined);
  return items;
}

/** What the controller remembers; nothing where there is none, or where this person may not read it. */
async function readAlerts(client: Client): Promise<readonly Alert[]> {
  try {
    return readState(await client.get(ConfigMaps, HEALTH_STATE)).alerts.filter((a) => a.healedAt === undefined);
  } catch {
    return [];
  }
}

/** Since when the health controller has seen each finding without a break, by its id. */
export async function readForgottenSince(client: Client): Promise<ReadonlyMap<string, number>> {
  return new Map((await readAlerts(client)).map((a) => [a.id, unbrokenSince(a)]));
}

function shown(finding: Finding, alerts: ReadonlyMap<string, number>, silences: readonly Silence[], now: number): ShownFinding {
  const since = alerts.get(finding.id), until = silencedUntil(finding, silences, now);
  return { ...finding, ...(since === undefined ? {} : { since: new Date(since).toISOString() }), ...(until === undefined ? {} : { silencedUntil: new Date(until).toISOString() }) };
}
