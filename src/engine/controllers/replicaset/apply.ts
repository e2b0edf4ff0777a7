import { Pods } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isNotFound, StatusError } from '../../../client/status-error.ts';
import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { PodTemplateSpec, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import type { EventRecorder } from '../../../runtime/event-recorder.ts';
import type { Expectations } from '../../../runtime/expectations.ts';
import { applyClaim } from '../claim.ts';
import { inSlowStart } from '../pod-batch.ts';
import { podFromTemplate } from '../pod-template.ts';
import type { ReplicatedKind } from './replicated-kind.ts';
import type { ReplicaSetObserved } from './observe.ts';
import type { ReplicaSetAction, ReplicaSetDecision } from './reconcile.ts';

export interface ReplicaSetWriter extends Pick<ControllerContext, 'client' | 'clock'> {
  readonly expectations: Expectations;
  readonly events: EventRecorder;
  readonly kind: ReplicatedKind;
}

export async function apply(writer: ReplicaSetWriter, observed: ReplicaSetObserved, decision: ReplicaSetDecision): Promise<void> {
  const { replicaSet } = observed;
  await applyClaim(writer.client, Pods, replicaSet, writer.kind.apiVersion, writer.kind.kind, observed.pods);
  const error = await act(writer, replicaSet, decision.action);
  const conditions = failureConditions(replicaSet, decision.action, error, writer.clock.now());
  await writeStatus(writer, replicaSet, { ...decision.status, conditions });
  if (error !== undefined && !isEnding(error)) throw error;
}

/** Nothing can be made in a namespace that is going; the ReplicaSet goes with it. */
function isEnding(e: unknown): boolean {
  return e instanceof StatusError && e.reason === 'Forbidden' && e.message.includes('being terminated');
}

async function act({ client, events, expectations, kind }: ReplicaSetWriter, replicaSet: ReplicaSet, action: ReplicaSetAction): Promise<unknown> {
  const owner = replicaSet.metadata?.uid ?? '';
  switch (action.type) {
    case 'none':
      return undefined;
    case 'create': {
      const pod = podFromTemplate(replicaSet.spec?.template as PodTemplateSpec, replicaSet, kind.apiVersion, kind.kind);
      expectations.expect(owner, action.count, []);
      const { skipped, error } = await inSlowStart(Array.from({ length: action.count }), async () => {
        try {
          const created = await client.create(Pods, pod);
          events.event(replicaSet, 'Normal', 'SuccessfulCreate', `Created pod ${created.metadata?.name}`);
        } catch (e) {
          expectations.created(owner);
          events.event(replicaSet, 'Warning', 'FailedCreate', `Pod not created: ${messageOf(e)}`);
          throw e;
        }
      });
      for (let i = 0; i < skipped; i++) expectations.created(owner);
      return error;
    }
    case 'delete': {
      expectations.expect(owner, 0, action.pods.map((p) => p.metadata?.uid ?? ''));
      const results = await Promise.allSettled(
        action.pods.map(async (pod) => {
          try {
            await client.delete(Pods, keyOf(pod), { uid: pod.metadata?.uid });
            events.event(replicaSet, 'Normal', 'SuccessfulDelete', `Deleted pod ${pod.metadata?.name}`);
          } catch (e) {
            expectations.deleted(owner, pod.metadata?.uid ?? '');
            if (isNotFound(e)) return;
            events.event(replicaSet, 'Warning', 'FailedDelete', `Pod ${pod.metadata?.name} not deleted: ${messageOf(e)}`);
            throw e;
          }
        }),
      );
      return results.find((r) => r.status === 'rejected')?.reason;
    }
  }
}

/** ReplicaFailure stands while creating or deleting fails, and goes when the number of pods moves without fault. */
function failureConditions(replicaSet: ReplicaSet, action: ReplicaSetAction, error: unknown, nowMs: number): ReplicaSetCondition[] | undefined {
  const conditions = replicaSet.status?.conditions ?? [];
  if (error === undefined) return conditions.filter((c) => c.type !== 'ReplicaFailure');
  const failure: ReplicaSetCondition = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: action.type === 'delete' ? 'FailedDelete' : 'FailedCreate',
    message: messageOf(error),
    lastTransitionTime: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  const known = conditions.find((c) => c.type === 'ReplicaFailure');
  // The message may name a new pod each time: written again, it would wake this controller for ever.
  if (known?.reason === failure.reason) return conditions;
  return [...conditions.filter((c) => c.type !== 'ReplicaFailure'), failure];
}

async function writeStatus({ client, kind }: ReplicaSetWriter, replicaSet: ReplicaSet, status: ReplicaSetStatus): Promise<void> {
  // terminatingReplicas is behind a feature gate: a server that drops it must not be written to for ever.
  const comparable = (s: ReplicaSetStatus | undefined): unknown => ({ ...s, replicas: s?.replicas || undefined, fullyLabeledReplicas: s?.fullyLabeledReplicas || undefined, readyReplicas: s?.readyReplicas || undefined, availableReplicas: s?.availableReplicas || undefined, terminatingReplicas: undefined });
  if (replicaSet.status !== undefined && semanticEqual(comparable(replicaSet.status), comparable(status))) return;
  await client.patch(kind.resource, keyOf(replicaSet), { metadata: { uid: replicaSet.metadata?.uid }, status }, { subresource: 'status' }).catch((e: unknown) => {
    if (!isNotFound(e)) throw e;
  });
}

function messageOf(e: unknown): string {
  return e instanceof StatusError || e instanceof Error ? e.message : String(e);
}
