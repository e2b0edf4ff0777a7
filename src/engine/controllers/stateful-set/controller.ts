import { ControllerRevisions, PersistentVolumeClaims, Pods, StatefulSets } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../../client/status-error.ts';
import { controllerOf, isControlledBy } from '../../../kubernetes/owner-reference.ts';
import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { StatefulSet, StatefulSetStatus } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerContext, type ControllerFactory } from '../../../runtime/controller.ts';
import { createEventRecorder, type EventRecorder } from '../../../runtime/event-recorder.ts';
import { applyClaim, candidates, claim, indexOwners } from '../claim.ts';
import { presentRevision, templateOf, writeRevisions } from '../template-revision.ts';
import { claimsOf, podName, revisionLabel, statefulPod } from './pod.ts';
import { reconcile, type StatefulSetDecision } from './reconcile.ts';

/** Keeps numbered pods with stable names and storage, changed one after the other. */
export const statefulSetController: ControllerFactory = (context) => {
  const events = createEventRecorder(context, 'statefulset-controller');
  indexOwners(context.informer(Pods));
  return {
    name: 'stateful-set',
    sources: [
      source(StatefulSets, (s) => [keyOf(s)]),
      source(Pods, (p) => {
        const owner = controllerOf(p);
        return owner?.kind === 'StatefulSet' ? [{ namespace: p.metadata?.namespace, name: owner.name }] : [];
      }),
      source(ControllerRevisions, () => []),
    ],
    async reconcile(key) {
      const set = context.informer(StatefulSets).get(key);
      if (set?.spec === undefined) return {};
      const claimed = claim(set, set.spec.selector, candidates(context.informer(Pods), set));
      await applyClaim(context.client, Pods, set, 'apps/v1', 'StatefulSet', claimed);
      const kept = context.informer(ControllerRevisions).list(key.namespace).filter((r) => isControlledBy(r, set));
      const present = presentRevision(set, 'StatefulSet', set.spec.template, kept);
      const inUse = new Set([...claimed.owned.map((p) => p.metadata?.labels?.[revisionLabel] ?? ''), set.status?.currentRevision ?? '']);
      await writeRevisions(context.client, present, kept, inUse, set.spec.revisionHistoryLimit ?? 10);
      const decision = reconcile(set, claimed.owned, present.metadata?.name ?? '', context.clock.now());
      const templates = new Map([...kept, present].map((r) => [r.metadata?.name, templateOf(r)]));
      await apply(context, events, set, decision, (revision) => templates.get(revision) ?? set.spec!.template);
      return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
    },
  };
};

async function apply({ client }: ControllerContext, events: EventRecorder, set: StatefulSet, decision: StatefulSetDecision, templateFor: (revision: string) => NonNullable<StatefulSet['spec']>['template']): Promise<void> {
  for (const { ordinal, revision } of decision.create) {
    for (const wanted of claimsOf(set, ordinal)) await client.create(PersistentVolumeClaims, wanted).catch(ignore(isAlreadyExists));
    const created = await client.create(Pods, statefulPod(set, templateFor(revision), revision, ordinal)).catch(ignore(isAlreadyExists));
    if (created !== undefined) events.event(set, 'Normal', 'SuccessfulCreate', `Created pod ${podName(set, ordinal)}`);
  }
  for (const pod of decision.remove) {
    await client.delete(Pods, keyOf(pod), { uid: pod.metadata?.uid }).catch(ignore((e) => isNotFound(e) || isConflict(e)));
    events.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod ${pod.metadata?.name}`);
  }
  const comparable = (s: StatefulSetStatus | undefined): unknown => Object.fromEntries(Object.entries(s ?? {}).filter(([, v]) => v !== 0));
  if (semanticEqual(comparable(set.status), comparable(decision.status))) return;
  await client.patch(StatefulSets, keyOf(set), { metadata: { uid: set.metadata?.uid }, status: decision.status }, { subresource: 'status' }).catch(ignore(isNotFound));
}

function ignore(expected: (e: unknown) => boolean): (e: unknown) => undefined {
  return (e) => {
    if (!expected(e)) throw e;
    return undefined;
  };
}
