import { StatusError } from '../../../client/status-error.ts';
import type { PodDisruptionBudget } from '../../../kubernetes/types.generated.ts';
import { asKind, timestamp } from '../context.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { replyValue } from '../http/reply.ts';
import { decodeRequest } from '../requests/decode-request.ts';
import { deleteObject } from '../requests/delete.ts';
import { admitSubresource } from './admit-subresource.ts';
import { headOf } from '../requests/update.ts';
import { matchesSelector } from '../selectors/label-selector.ts';

/** Deletes a pod unless a PodDisruptionBudget forbids it for now; a disruption that is granted is counted at once.
 *  @throws {StatusError} 429 `TooManyRequests` when a budget is used up */
export async function handleEviction(request: ApiRequest): Promise<void> {
  const eviction = await admitSubresource(request, 'CREATE', await decodeRequest(request, { group: 'policy', version: 'v1', kind: 'Eviction' }));
  const pod = asKind(headOf(request).object);
  const phase = (pod['status'] as { phase?: string } | undefined)?.phase;
  if (phase !== 'Succeeded' && phase !== 'Failed' && phase !== 'Pending' && pod.metadata.deletionTimestamp === undefined) await spendBudget(request, pod.metadata.labels ?? {}, pod.metadata.name ?? '');
  await deleteObject(request, (eviction['deleteOptions'] as object | undefined) ?? {}, true);
  replyValue(request.req, request.res, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

async function spendBudget(request: ApiRequest, labels: Record<string, string>, podName: string): Promise<void> {
  const { api, namespace } = request;
  const collection = api.store.collection('policy/poddisruptionbudgets');
  const budgets = [...collection.records(`${namespace ?? ''}/`)].filter((r) => matchesSelector((r.object as PodDisruptionBudget).spec?.selector, labels));
  if (budgets.length > 1) throw new StatusError({ code: 500, reason: 'InternalError', message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support' });
  const key = budgets[0]?.key;
  const budget = key === undefined ? undefined : (api.store.head(collection, key)?.object as PodDisruptionBudget | undefined);
  if (budget === undefined || key === undefined) return;
  const allowed = budget.status?.disruptionsAllowed ?? 0;
  if (allowed <= 0) throw new StatusError({ code: 429, reason: 'TooManyRequests', message: "Cannot evict pod as it would violate the pod's disruption budget.", details: { causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${budget.metadata?.name} allows no disruption now` }] } });
  if (request.query.has('dryRun')) return;
  await api.store.put(collection, key, { ...budget, status: { ...budget.status, disruptionsAllowed: allowed - 1, disruptedPods: { ...budget.status?.disruptedPods, [podName]: timestamp(api.clock.now()) } } } as PodDisruptionBudget);
}
