import { asKind } from '../context.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { acceptedForm, replyObject } from '../http/negotiate.ts';
import { commit } from '../requests/commit.ts';
import { decodeRequest } from '../requests/decode-request.ts';
import { removeObject } from '../requests/remove.ts';
import { headOf } from '../requests/update.ts';
import { modified } from '../api-error.ts';
import { subjectOf } from '../http/api-request.ts';

/** Sets a Namespace's spec.finalizers; one that is being deleted goes when none are left. */
export async function handleFinalize(request: ApiRequest): Promise<void> {
  const form = acceptedForm(request);
  const wanted = await decodeRequest(request);
  const old = asKind(headOf(request).object);
  if (wanted.metadata.resourceVersion && wanted.metadata.resourceVersion !== old.metadata.resourceVersion) throw modified(subjectOf(request));
  const finalizers = (wanted['spec'] as { finalizers?: string[] } | undefined)?.finalizers ?? [];
  const next = { ...old, spec: { ...(old['spec'] as object | undefined), finalizers } };
  const isOver = old.metadata.deletionTimestamp !== undefined && finalizers.length === 0 && (old.metadata.finalizers ?? []).length === 0;
  replyObject(request, 200, isOver ? await removeObject(request, next) : await commit(request, next), form);
}
