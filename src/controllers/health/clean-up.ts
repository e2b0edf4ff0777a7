import { LABELS } from '../../api/group.ts';
import { trackServiceName } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import { Deployments, Services } from '../../client/kinds.ts';
import type { Resource } from '../../client/resource.ts';
import { selects, selectsAll } from '../../kubernetes/label-selector.ts';
import type { Deployment, Service } from '../../kubernetes/types.generated.ts';
import { duration, type ServiceInput } from './service-input.ts';
import { forgottenVersions } from './version-rules.ts';

/** On a Deployment: why it stays although no track holds it. */
export const KEEP = 'aweigh.dev/keep';

export interface CleanUpItem {
  readonly kind: 'Deployment' | 'Service';
  readonly namespace: string;
  readonly service: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** `delete`, or why not. */
  readonly verdict: 'delete' | 'kept' | 'young' | 'notOurs';
  readonly why: string;
}

/**
 * What of a service's forgotten versions may go: Deployments that no track holds, and the Services that select only such. Pure; what is warm
 * by intent is held by its track and not here.
 * @param forgottenSince by finding id, since when the health controller has seen it so without a break: age alone says nothing, since a
 * version that was switched off a moment ago may be days old
 */
export function planCleanUp(input: ServiceInput, services: readonly Service[], forgottenSince: ReadonlyMap<string, number>): CleanUpItem[] {
  const forgotten = new Map(forgottenVersions(input).map((v) => [v.deployment, forgottenSince.get(`${input.namespace}/${input.service}/version/${v.deployment}`)]));
  const deployments = input.deployments.filter(({ deployment }) => forgotten.has(deployment.metadata?.name ?? ''))
    .map(({ deployment }) => ({ deployment, item: judge(input, 'Deployment', deployment, deployment, forgotten.get(deployment.metadata?.name ?? '')) }));
  const leaving = deployments.filter(({ item }) => item.verdict === 'delete').map(({ deployment }) => deployment);
  const staying = input.deployments.map((v) => v.deployment).filter((d) => !leaving.includes(d));
  const keptNames = new Set(input.application?.spec.tracks.map((t) => trackServiceName(input.service, t)));
  const orphaned = services.filter((s) => isOnlyOf(s, leaving, staying) && !keptNames.has(s.metadata?.name ?? '') && s.metadata?.labels?.[LABELS.tier] !== 'service');
  return [...deployments.map((d) => d.item), ...orphaned.map((s) => judge(input, 'Service', s, leaving[0] ?? {}, forgotten.get(leaving[0]?.metadata?.name ?? '')))];
}

function judge({ application, delivery, namespace, now, policy, service }: ServiceInput, kind: CleanUpItem['kind'], object: Deployment | Service, of: Deployment, since: number | undefined): CleanUpItem {
  const { annotations, labels, name = '', resourceVersion = '', uid = '' } = object.metadata ?? {};
  const base = { kind, namespace, service, name, uid, resourceVersion };
  const keep = annotations?.[KEEP] ?? of.metadata?.annotations?.[KEEP];
  if (keep !== undefined) return { ...base, verdict: 'kept', why: `annotation ${KEEP}: ${keep}` };
  const ours = labels?.['app.kubernetes.io/managed-by'] === 'aweigh' && application !== undefined && delivery !== undefined;
  if (!ours && !selects(policy.cleanUp.selector, labels)) return { ...base, verdict: 'notOurs', why: "neither made by Aweigh nor selected by the HealthPolicy's cleanUp.selector" };
  if (of.spec?.replicas === 0) return { ...base, verdict: 'kept', why: 'scaled to 0 pods: it costs nothing, and somebody wanted it so' };
  const after = duration(policy.cleanUp.afterSeconds * 1_000);
  if (since === undefined) return { ...base, verdict: 'young', why: `no health controller has seen it forgotten yet; it may go ${after} after that` };
  if (now - since < policy.cleanUp.afterSeconds * 1_000) return { ...base, verdict: 'young', why: `forgotten for ${duration(now - since)}, it may go after ${after}` };
  return { ...base, verdict: 'delete', why: `no track has held it for ${duration(now - since)}` };
}

function isOnlyOf({ spec }: Service, leaving: readonly Deployment[], staying: readonly Deployment[]): boolean {
  const selector = spec?.selector;
  if (selector === undefined || Object.keys(selector).length === 0) return false;
  const takes = (d: Deployment): boolean => selectsAll(selector, d.spec?.template.metadata?.labels);
  return leaving.some(takes) && !staying.some(takes);
}

/** Deletes one, unless it changed since it was judged. @throws {StatusError} reason `Conflict` where it did */
export async function cleanUp(client: Pick<Client, 'delete'>, { kind, name, namespace, resourceVersion, uid }: CleanUpItem): Promise<void> {
  await client.delete(kind === 'Deployment' ? (Deployments as Resource) : (Services as Resource), { namespace, name }, { uid, resourceVersion, propagation: 'Background' });
}
