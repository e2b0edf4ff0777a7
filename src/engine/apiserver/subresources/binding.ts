import { badRequest, conflict } from '../api-error.ts';
import { asKind, timestamp } from '../context.ts';
import { subjectOf, type ApiRequest } from '../http/api-request.ts';
import { replyValue } from '../http/reply.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { commit } from '../requests/commit.ts';
import { decodeRequest } from '../requests/decode-request.ts';
import { admitSubresource } from './admit-subresource.ts';
import { headOf } from '../requests/update.ts';

/** Puts a pod on a node: sets spec.nodeName and the condition PodScheduled. A pod is bound once. */
export async function handleBinding(request: ApiRequest): Promise<void> {
  const asked = await decodeRequest(request, { group: '', version: 'v1', kind: 'Binding' });
  const binding = await admitSubresource(request, 'CREATE', asked);
  const target = binding['target'] as { kind?: string; name?: string } | undefined;
  if (!target?.name || (target.kind !== undefined && target.kind !== '' && target.kind !== 'Node')) throw badRequest('target must name a Node');
  const pod = asKind(headOf(request).object);
  const { uid } = binding.metadata;
  if (uid !== undefined && uid !== '' && uid !== pod.metadata.uid) throw conflict(subjectOf(request), `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`);
  const spec = pod['spec'] as { nodeName?: string };
  if (pod.metadata.deletionTimestamp !== undefined) throw conflict(subjectOf(request), `pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`);
  if (spec.nodeName) throw conflict(subjectOf(request), `pod ${pod.metadata.name} is already assigned to node "${spec.nodeName}"`);
  await commit(request, bound(pod, target.name, timestamp(request.api.clock.now()), binding.metadata));
  replyValue(request.req, request.res, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

interface Condition { type: string; status: string; lastProbeTime?: string | null; lastTransitionTime?: string }

function bound(pod: KindObject, nodeName: string, now: string, { annotations, labels }: KindObject['metadata']): KindObject {
  const status = (pod['status'] ?? {}) as { conditions?: Condition[] };
  const others = (status.conditions ?? []).filter((c) => c.type !== 'PodScheduled');
  const was = status.conditions?.find((c) => c.type === 'PodScheduled');
  const scheduled: Condition = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: was?.status === 'True' ? was.lastTransitionTime ?? now : now };
  return {
    ...pod,
    metadata: { ...pod.metadata, ...(annotations && { annotations: { ...pod.metadata.annotations, ...annotations } }), ...(labels && { labels: { ...labels, ...pod.metadata.labels } }) },
    spec: { ...(pod['spec'] as object), nodeName }, status: { ...status, conditions: [...others, scheduled] },
  };
}
