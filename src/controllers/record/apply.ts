import type { Application } from '../../api/application/application.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { withCondition } from '../../api/conditions.ts';
import { APPLIED } from '../../api/delivery/delivery.ts';
import { LABELS, type Condition } from '../../api/group.ts';
import { Deliveries } from '../../api/kinds.ts';
import { isNotFound, StatusError } from '../../client/status-error.ts';
import type { KubernetesObject, ObjectKey, Resource } from '../../client/resource.ts';
import type { Deployment } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { CommitReason } from './commit-reason.ts';
import { showPath } from './differences.ts';
import type { RecordFile } from './files.ts';
import { SPEC_RESOURCES } from './observe.ts';
import { allDifferences, wavesOf, type Applied, type RecordAction } from './reconcile.ts';
import { directoryOf, type RecordChange, type Repository } from './repository.ts';

export const FIELD_MANAGER = 'aweigh-record';

export interface ApplyContext {
  readonly context: ControllerContext;
  readonly repository: Repository;
  readonly application: Application;
  readonly delivery: Delivery;
  readonly files: ReadonlyMap<string, RecordFile>;
  /** Paths whose files HEAD has otherwise, or not at all. */
  readonly changed: readonly string[];
  readonly applied: Map<string, Applied>;
  /** Why a commit is made. */
  readonly why: CommitReason;
  /** Live objects, by `Kind/name`. */
  readonly live: ReadonlyMap<string, KubernetesObject>;
  /** Users are to leave a version by this change. */
  readonly urgent: boolean;
}

/** Carries out the actions, wave after wave. A failure leaves the later waves to the next run, which decides afresh.
 *  @returns the Delivery as its status was written; undefined where it was not */
export async function apply(actions: readonly RecordAction[], to: ApplyContext): Promise<Delivery | undefined> {
  let written: Delivery | undefined;
  for (const wave of wavesOf(actions)) {
    const results = await Promise.allSettled(wave.map((action) => applyOne(action, to)));
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason;
      written = result.value ?? written;
    }
  }
  return written;
}

async function applyOne(action: RecordAction, to: ApplyContext): Promise<Delivery | undefined> {
  switch (action.type) {
    case 'commit': await to.repository.commit(changeOf(to)); return undefined;
    case 'apply': await applyObject(action.object, to); return undefined;
    case 'prune': await prune(action.kind, { ...(to.application.metadata?.namespace === undefined ? {} : { namespace: to.application.metadata.namespace }), name: action.name }, to); return undefined;
    case 'adopt': case 'report': return undefined;
    case 'observed': return writeStatus(to, { observedGeneration: action.generation, ...(await commitOf(to)), ...accepted(to) });
  }
}

async function applyObject(object: KubernetesObject, to: ApplyContext): Promise<void> {
  const resource = resourceOf(object.kind);
  const owned = { ...withReplicas(object, to), metadata: { ...object.metadata, ownerReferences: [ownerReference(to.application)] } };
  const result = await to.context.client.apply(resource, owned, { fieldManager: FIELD_MANAGER, force: true, ...(to.urgent && object.kind === 'Router' && { priority: 'urgent' as const }) }).catch(async (error: unknown) => {
    if (error instanceof StatusError && REFUSALS.has(error.code)) await writeStatus(to, { conditions: conditionsWith(to, 'False', 'SpecRefused', `${object.kind} ${object.metadata?.name}: ${error.message}`) });
    throw error;
  });
  to.applied.set(`${object.kind}/${object.metadata?.name}`, {
    wanted: object, resourceVersion: result.metadata?.resourceVersion ?? '', rewritten: new Set(allDifferences(object, result).map(showPath)),
  });
}

/** What another try of the same spec would not change; a quota or an admission webhook may. */
const REFUSALS = new Set([400, 422]);

/** Said only where something was refused before. */
function accepted(to: ApplyContext): Pick<NonNullable<Delivery['status']>, 'conditions'> {
  const refused = to.delivery.status?.conditions?.some((c) => c.type === APPLIED && c.status === 'False') ?? false;
  return refused ? { conditions: conditionsWith(to, 'True', 'SpecsAccepted', 'The API takes every spec') } : {};
}

function conditionsWith({ context, delivery }: ApplyContext, status: 'True' | 'False', reason: string, message: string): Condition[] {
  const condition = { type: APPLIED, status, reason, message, lastTransitionTime: new Date(context.clock.now()).toISOString(), observedGeneration: delivery.metadata?.generation ?? 0 };
  return withCondition(delivery.status?.conditions ?? [], condition);
}

/**
 * What an autoscaler chooses stands in no spec of the record, but has to be in what is applied: a field that its owner leaves out falls back to
 * its default, and one pod would be left. So the number of now is said again; a new Deployment begins with the least.
 */
function withReplicas(object: KubernetesObject, { live, delivery }: ApplyContext): KubernetesObject {
  const deployment = object as Deployment;
  if (object.kind !== 'Deployment' || deployment.spec === undefined || deployment.spec.replicas !== undefined) return object;
  const now = (live.get(`Deployment/${object.metadata?.name}`) as Deployment | undefined)?.spec?.replicas;
  const { labels } = object.metadata ?? {};
  const least = delivery.spec.tracks.find((t) => t.name === labels?.[LABELS.track])?.builds.find((b) => b.build === labels?.[LABELS.build])?.replicas;
  const replicas = now ?? least;
  return replicas === undefined ? object : ({ ...deployment, spec: { ...deployment.spec, replicas } } as KubernetesObject);
}

async function prune(kind: string, key: ObjectKey, to: ApplyContext): Promise<void> {
  to.applied.delete(`${kind}/${key.name}`);
  try {
    await to.context.client.delete(resourceOf(kind), key, { propagation: 'Background' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export async function writeStatus(to: Pick<ApplyContext, 'context' | 'delivery'>, status: Delivery['status']): Promise<Delivery> {
  const { namespace, name = '' } = to.delivery.metadata ?? {};
  return to.context.client.patch(Deliveries, { ...(namespace === undefined ? {} : { namespace }), name }, { status }, { subresource: 'status', fieldManager: FIELD_MANAGER });
}

async function commitOf({ application, repository }: ApplyContext): Promise<{ commit?: string }> {
  const { namespace = '', name = '' } = application.metadata ?? {};
  const last = await repository.lastCommit(directoryOf(namespace, name));
  return last === undefined ? {} : { commit: last.sha };
}

function changeOf({ application, changed, files, why, urgent }: ApplyContext): RecordChange {
  const { namespace = '', name = '' } = application.metadata ?? {};
  const { change, trailers } = why;
  const differs = new Set(changed);
  const contents = new Map([...files].map(([path, file]) => [path, differs.has(path) ? file.content() : undefined]));
  return { directory: directoryOf(namespace, name), files: contents, subject: `${name}: ${change.message}`, trailers, actor: change.actor, urgent };
}

export function resourceOf(kind: string | undefined): Resource {
  const resource = SPEC_RESOURCES.find((r) => r.kind === kind);
  if (resource === undefined) throw new TypeError(`The record has no specs of kind ${kind}`);
  return resource;
}

function ownerReference(application: Application): NonNullable<NonNullable<KubernetesObject['metadata']>['ownerReferences']>[number] {
  return { apiVersion: application.apiVersion ?? 'aweigh.dev/v1alpha1', kind: 'Application', name: application.metadata?.name ?? '', uid: application.metadata?.uid ?? '', controller: true, blockOwnerDeletion: true };
}
