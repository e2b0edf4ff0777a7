import { ControllerRevisions, DaemonSets, Nodes, Pods } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import { controllerOf, isControlledBy } from '../../../kubernetes/owner-reference.ts';
import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { DaemonSet, DaemonSetStatus, Pod } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerContext, type ControllerFactory } from '../../../runtime/controller.ts';
import { createEventRecorder, type EventRecorder } from '../../../runtime/event-recorder.ts';
import { Expectations } from '../../../runtime/expectations.ts';
import { applyClaim, candidates, claim, indexOwners } from '../claim.ts';
import { inSlowStart } from '../pod-batch.ts';
import { podFromTemplate } from '../pod-template.ts';
import { presentRevision, writeRevisions } from '../template-revision.ts';
import { daemonTolerations, reconcile, revisionLabel, type DaemonSetDecision } from './reconcile.ts';

/** Keeps one pod on every node that the template allows. */
export const daemonSetController: ControllerFactory = (context) => {
  const expectations = new Expectations(context.clock);
  const events = createEventRecorder(context, 'daemonset-controller');
  const sets = context.informer(DaemonSets);
  indexOwners(context.informer(Pods));
  context.informer(Pods).onChange(({ previous, current }) => {
    const pod = current ?? previous;
    const owner = pod === undefined ? undefined : controllerOf(pod);
    if (owner?.kind === 'DaemonSet' && previous === undefined) expectations.created(owner.uid);
  });
  return {
    name: 'daemon-set',
    sources: [
      source(DaemonSets, (s) => [keyOf(s)]),
      source(Nodes, () => sets.list().map(keyOf)),
      source(Pods, (p) => {
        const owner = controllerOf(p);
        return owner?.kind === 'DaemonSet' ? [{ namespace: p.metadata?.namespace, name: owner.name }] : [];
      }),
      source(ControllerRevisions, () => []),
    ],
    async reconcile(key) {
      const set = sets.get(key);
      if (set?.spec === undefined) return {};
      const claimed = claim(set, set.spec.selector, candidates(context.informer(Pods), set));
      await applyClaim(context.client, Pods, set, 'apps/v1', 'DaemonSet', claimed);
      const kept = context.informer(ControllerRevisions).list(key.namespace).filter((r) => isControlledBy(r, set));
      const present = presentRevision(set, 'DaemonSet', set.spec.template, kept);
      const hash = present.metadata?.labels?.['controller.kubernetes.io/hash'] ?? present.metadata?.labels?.[revisionLabel] ?? present.metadata?.name ?? '';
      const inUse = new Set(kept.filter((r) => claimed.owned.some((p) => p.metadata?.labels?.[revisionLabel] === r.metadata?.labels?.['controller.kubernetes.io/hash'])).map((r) => r.metadata?.name ?? ''));
      await writeRevisions(context.client, present, kept, inUse, set.spec.revisionHistoryLimit ?? 10);
      const uid = set.metadata?.uid ?? '';
      const decision = reconcile(set, context.informer(Nodes).list(), claimed.owned, hash, expectations.satisfied(uid), context.clock.now());
      await apply(context, events, expectations, set, hash, decision);
      return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
    },
  };
};

async function apply({ client }: ControllerContext, events: EventRecorder, expectations: Expectations, set: DaemonSet, hash: string, decision: DaemonSetDecision): Promise<void> {
  const uid = set.metadata?.uid ?? '';
  for (const pod of decision.remove) {
    await client.delete(Pods, keyOf(pod), { uid: pod.metadata?.uid }).catch((e: unknown) => {
      if (!isNotFound(e) && !isConflict(e)) throw e;
    });
    events.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod ${pod.metadata?.name}`);
  }
  if (decision.create.length > 0) {
    expectations.expect(uid, decision.create.length, []);
    const { skipped, error } = await inSlowStart(decision.create, async (nodeName) => {
      try {
        const created = await client.create(Pods, podFor(set, hash, nodeName));
        events.event(set, 'Normal', 'SuccessfulCreate', `Created pod ${created.metadata?.name}`);
      } catch (e) {
        expectations.created(uid);
        throw e;
      }
    });
    for (let i = 0; i < skipped; i++) expectations.created(uid);
    if (error !== undefined) throw error;
  }
  const comparable = (s: DaemonSetStatus | undefined): unknown => Object.fromEntries(Object.entries(s ?? {}).filter(([, v]) => v !== 0));
  if (set.status !== undefined && semanticEqual(comparable(set.status), comparable(decision.status))) return;
  await client.patch(DaemonSets, keyOf(set), { metadata: { uid }, status: decision.status }, { subresource: 'status' });
}

/** Meant for one node by its name, which the scheduler honours; whatever other node affinity there was has chosen that node already. */
function podFor(set: DaemonSet, hash: string, nodeName: string): Pod {
  const pod = podFromTemplate(set.spec!.template, set, 'apps/v1', 'DaemonSet');
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }] };
  const spec = pod.spec!;
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, [revisionLabel]: hash } },
    spec: {
      ...spec,
      affinity: { ...spec.affinity, nodeAffinity: { ...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } },
      tolerations: [...(spec.tolerations ?? []), ...daemonTolerations],
    },
  } as Pod;
}
