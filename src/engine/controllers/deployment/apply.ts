import { Deployments, ReplicaSets } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isAlreadyExists, isNotFound } from '../../../client/status-error.ts';
import { controllerOf } from '../../../kubernetes/owner-reference.ts';
import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { Deployment, DeploymentStatus } from '../../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import type { EventRecorder } from '../../../runtime/event-recorder.ts';
import { applyClaim } from '../claim.ts';
import type { DeploymentObserved } from './observe.ts';
import type { DeploymentAction, DeploymentDecision } from './reconcile.ts';
import { findCurrent, revisionAnnotation } from './revision.ts';
import { specReplicas } from './rolling-update.ts';

export interface DeploymentWriter extends Pick<ControllerContext, 'client'> {
  readonly events: EventRecorder;
}

export async function apply(writer: DeploymentWriter, observed: DeploymentObserved, decision: DeploymentDecision): Promise<void> {
  const { deployment } = observed;
  await applyClaim(writer.client, ReplicaSets, deployment, 'apps/v1', 'Deployment', observed.replicaSets);
  let collided = false;
  for (const action of decision.actions) collided = (await act(writer, deployment, action)) === 'collision' || collided;
  const collisionCount = collided ? (deployment.status?.collisionCount ?? 0) + 1 : decision.status.collisionCount;
  await writeStatus(writer, deployment, { ...decision.status, collisionCount });
}

async function act({ client, events }: DeploymentWriter, deployment: Deployment, action: DeploymentAction): Promise<'done' | 'collision'> {
  switch (action.type) {
    case 'create': {
      const { replicaSet } = action;
      try {
        await client.create(ReplicaSets, replicaSet);
      } catch (e) {
        if (!isAlreadyExists(e)) throw e;
        const there = await client.get(ReplicaSets, keyOf(replicaSet));
        // Our own, which the informer has not shown yet; or another template with the same hash.
        return controllerOf(there)?.uid === deployment.metadata?.uid && findCurrent(deployment, [there]) !== undefined ? 'done' : 'collision';
      }
      events.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${replicaSet.metadata?.name} from 0 to ${specReplicas(replicaSet)}`);
      return 'done';
    }
    case 'update': {
      const { replicaSet, replicas, annotations } = action;
      const before = specReplicas(replicaSet);
      // The uid alone guards: status writes move the resourceVersion all through a rollout, and nobody else sets these numbers.
      await client.patch(ReplicaSets, keyOf(replicaSet), { metadata: { uid: replicaSet.metadata?.uid, annotations }, ...(replicas === before ? {} : { spec: { replicas } }) });
      if (replicas !== before) {
        events.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled ${replicas > before ? 'up' : 'down'} replica set ${replicaSet.metadata?.name} from ${before} to ${replicas}`);
      }
      return 'done';
    }
    case 'annotate':
      await client.patch(Deployments, keyOf(deployment), { metadata: { uid: deployment.metadata?.uid, annotations: { [revisionAnnotation]: String(action.revision) } } });
      return 'done';
    case 'delete':
      await client.delete(ReplicaSets, keyOf(action.replicaSet), { uid: action.replicaSet.metadata?.uid, propagation: 'Background' }).catch(ignoreGone);
      return 'done';
  }
}

async function writeStatus({ client }: DeploymentWriter, deployment: Deployment, status: DeploymentStatus): Promise<void> {
  if (semanticEqual(comparable(deployment.status), comparable(status))) return;
  // A count that fell to nothing has to be said, or the merge would keep the old one.
  await client.patch(Deployments, keyOf(deployment), { metadata: { uid: deployment.metadata?.uid }, status }, { subresource: 'status' }).catch(ignoreGone);
}

/** Zero and absent are the same to readers; terminatingReplicas is behind a feature gate and may be dropped. */
function comparable(status: DeploymentStatus | undefined): unknown {
  return { ...Object.fromEntries(Object.entries(status ?? {}).filter(([, v]) => v !== 0)), terminatingReplicas: undefined };
}

function ignoreGone(e: unknown): void {
  if (!isNotFound(e)) throw e;
}

