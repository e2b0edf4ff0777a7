import type { Application } from '../../api/application/application.ts';
import { Applications } from '../../api/kinds.ts';
import { routerName } from '../../api/names.ts';
import { Deployments } from '../../client/kinds.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { KubernetesObject, ObjectKey } from '../../client/resource.ts';
import type { Deployment } from '../../kubernetes/types.generated.ts';
import type { ControllerContext, ReconcileResult } from '../../runtime/controller.ts';
import { FIELD_MANAGER } from './apply.ts';
import type { Observed } from './observe.ts';
import { directoryOf, type Repository } from './repository.ts';

export const FINALIZER = 'aweigh.dev/record';
/** Kubernetes's own: whoever deletes keeps what the Application owns. */
const ORPHAN = 'orphan';
const DEFAULT_GRACE_SECONDS = 30;
/** Routers on a node that is lost never say that they ended. */
const SLACK_SECONDS = 30;

type Farewell = { readonly then: 'drain'; readonly router: ObjectKey } | { readonly then: 'wait'; readonly forMs: number } | { readonly then: 'go' };

/** The finalizer keeps a deleted Application until its routers have left and the record says so too. */
export async function hold({ client }: ControllerContext, application: Application, key: ObjectKey): Promise<void> {
  const finalizers = application.metadata?.finalizers ?? [];
  if (finalizers.includes(FINALIZER)) return;
  await client.patch(Applications, key, { metadata: { finalizers: [...finalizers, FINALIZER], resourceVersion: application.metadata?.resourceVersion } }, { fieldManager: FIELD_MANAGER });
}

/** One step on the way of a deleted Application out of the cluster. */
export async function remove({ client, clock }: ControllerContext, repository: Repository, { application, live }: Observed, key: ObjectKey): Promise<ReconcileResult> {
  const finalizers = application.metadata?.finalizers ?? [];
  if (!finalizers.includes(FINALIZER)) return {};
  const farewell = farewellOf(application, live, clock.now());
  if (farewell.then === 'wait') return { requeueAfterMs: farewell.forMs };
  if (farewell.then === 'drain') {
    // It stays until its pods are gone, so that its end is theirs.
    await client.delete(Deployments, farewell.router, { propagation: 'Foreground' }).catch((e: unknown) => { if (!isNotFound(e)) throw e; });
    return {};
  }
  await repository.commit({
    directory: directoryOf(key.namespace ?? '', key.name), files: new Map(), subject: `${key.name}: removed`,
    trailers: new Map([['Reason', 'ApplicationDeleted']]), actor: 'aweigh',
  });
  await client.patch(Applications, key, { metadata: { finalizers: finalizers.filter((f) => f !== FINALIZER), resourceVersion: application.metadata?.resourceVersion } }, { fieldManager: FIELD_MANAGER });
  return {};
}

/** Garbage collection deletes everything at once: routers finish what they have first, while the pods behind them are there. */
export function farewellOf(application: Application, live: ReadonlyMap<string, KubernetesObject>, now: number): Farewell {
  const { deletionTimestamp, finalizers = [], namespace, name = '', uid } = application.metadata ?? {};
  const router = live.get(`Deployment/${routerName(name)}`) as Deployment | undefined;
  if (router === undefined || finalizers.includes(ORPHAN) || router.metadata?.ownerReferences?.some((o) => o.uid === uid) !== true) return { then: 'go' };
  const graceSeconds = router.spec?.template.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  const leftMs = Date.parse(String(deletionTimestamp)) + (graceSeconds + SLACK_SECONDS) * 1_000 - now;
  if (leftMs <= 0) return { then: 'go' };
  if (router.metadata.deletionTimestamp !== undefined) return { then: 'wait', forMs: leftMs };
  return { then: 'drain', router: { ...(namespace === undefined ? {} : { namespace }), name: router.metadata.name ?? '' } };
}
