import { admit, check, type AdmissionRequest } from '../admission/admission.ts';
import type { DeleteOptions, Status } from '../../../kubernetes/types.generated.ts';
import { badRequest, conflict, invalid } from '../api-error.ts';
import { asKind, strategyContext, timestamp } from '../context.ts';
import { mediaTypeOf, readBody } from '../http/body.ts';
import { mediaTypes } from '../http/encodings.ts';
import { isDryRun, subjectOf, type ApiRequest } from '../http/api-request.ts';
import { acceptedForm, replyObject } from '../http/negotiate.ts';
import { cleanupFinalizer, definitionsStorage } from '../custom-resources/definition-status.ts';
import { note } from './note.ts';
import { hasWebhooks } from '../admission/webhooks/matching-webhooks.ts';
import { mutateByWebhooks, validateByWebhooks } from './webhooks.ts';
import { requireUnmoved, untilUnmoved } from './unmoved.ts';
import { replyValue } from '../http/reply.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { shown } from '../resources/served-resource.ts';
import type { StoredRecord } from '../../store/record.ts';
import { commit } from './commit.ts';
import { parseJson, parseProtobuf, parseYaml } from './decode-request.ts';
import { listPage, selectionOf } from './read.ts';
import { removeObject } from './remove.ts';
import { hasSpecFinalizers, headOf } from './update.ts';

/** Kinds whose deletion answers with the object rather than a Status. */
const answersWithObject = new Set(['/pods', '/namespaces', '/podtemplates', '/persistentvolumeclaims', '/persistentvolumes', '/resourcequotas', '/serviceaccounts', '/services', 'storage.k8s.io/csidrivers', 'storage.k8s.io/csinodes', 'storage.k8s.io/storageclasses', 'storage.k8s.io/volumeattachments']);

type Outcome = { readonly type: 'removed' | 'marked'; readonly record: StoredRecord };

export async function handleDelete(request: ApiRequest): Promise<void> {
  const form = acceptedForm(request);
  const options = await deleteOptionsOf(request);
  const outcome = await deleteObject(request, options);
  if (outcome.type === 'marked' || answersWithObject.has(request.resource.storage)) return replyObject(request, 200, outcome.record, form);
  const { metadata } = outcome.record.object;
  const { group, plural } = request.resource;
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: metadata?.name, ...(group !== '' && { group }), kind: plural, uid: metadata?.uid } };
  replyValue(request.req, request.res, 200, status, request.warnings);
}

/** Deletes all that the selectors match. */
export async function handleDeleteCollection(request: ApiRequest): Promise<void> {
  acceptedForm(request);
  const options = await deleteOptionsOf(request);
  const page = await listPage(request, selectionOf(request));
  const deleted = await Promise.all(page.records.map(async (record) => {
    const { name, namespace } = record.object.metadata ?? {};
    const one: ApiRequest = { ...request, name, namespace };
    try {
      return (await deleteObject(one, options)).record;
    } catch (error) {
      if ((error as { code?: number }).code === 404) return undefined;
      throw error;
    }
  }));
  const { resource } = request;
  replyValue(request.req, request.res, 200, {
    kind: `${resource.kind}List`, apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
    metadata: { resourceVersion: String(request.api.store.revision) }, items: deleted.flatMap((r) => (r === undefined ? [] : [shown(resource, r)])),
  }, request.warnings);
}

/** DeleteOptions come in the body, the query, or both; the body wins.
 *  @throws {StatusError} 400, 422 */
export async function deleteOptionsOf(request: ApiRequest): Promise<DeleteOptions> {
  const { query, req } = request;
  const body = await readBody(req);
  let given: DeleteOptions = {};
  if (body.length > 0) {
    const mediaType = mediaTypeOf(req);
    const value = mediaType === mediaTypes.protobuf ? await parseProtobuf(body, { group: '', version: 'v1', kind: 'DeleteOptions' }) : mediaType.includes('yaml') ? parseYaml(request, body) : parseJson(body);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw badRequest('The body of a deletion must be DeleteOptions');
    given = value as DeleteOptions;
    if (given.kind !== undefined && given.kind !== 'DeleteOptions') throw badRequest(`The body of a deletion must be DeleteOptions, not ${given.kind}`);
  }
  const grace = query.get('gracePeriodSeconds');
  const options: DeleteOptions = {
    ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
    ...(query.has('propagationPolicy') && { propagationPolicy: query.get('propagationPolicy') ?? '' }),
    ...(query.has('orphanDependents') && { orphanDependents: query.get('orphanDependents') === 'true' }), ...given,
  };
  const { propagationPolicy: policy } = options;
  if (policy !== undefined && !['Orphan', 'Background', 'Foreground'].includes(policy)) throw invalid('meta.k8s.io', 'DeleteOptions', '', [{ type: 'NotSupported', field: 'propagationPolicy', value: policy, detail: 'Orphan, Background, Foreground' }]);
  if (policy !== undefined && options.orphanDependents !== undefined) throw invalid('meta.k8s.io', 'DeleteOptions', '', [{ type: 'Invalid', field: 'propagationPolicy', value: policy, detail: 'orphanDependents and propagationPolicy cannot both be set' }]);
  if (options.gracePeriodSeconds !== undefined && !Number.isInteger(options.gracePeriodSeconds)) throw badRequest('gracePeriodSeconds must be a whole number');
  if ((options.dryRun ?? []).length > 0) query.set('dryRun', 'All');
  return options;
}

/** Marks an object as deleted, or removes it when nothing holds it.
 *  @param admitted it was asked for, and admitted, as something else: an eviction
 *  @throws {StatusError} 404, 409 when a precondition fails */
export function deleteObject(request: ApiRequest, options: DeleteOptions, admitted = false): Promise<Outcome> {
  return untilUnmoved(request, () => deleteHead(request, options, admitted));
}

async function deleteHead(request: ApiRequest, options: DeleteOptions, admitted: boolean): Promise<Outcome> {
  const head = headOf(request);
  const { resource } = request;
  const old = asKind(shown(resource, head));
  checkPreconditions(request, old, options);
  if (!admitted) await admitDeletion(request, old, head);
  const grace = gracePeriodOf(resource.storage, old, options);
  const finalizers = finalizersFor(resource.storage, old, options);
  const held = finalizers.length > 0 || grace > 0 || (resource.storage === '/namespaces' && hasSpecFinalizers(old));
  if (!held) return { type: 'removed', record: await removeObject(request, { ...old, metadata: withFinalizers(old, finalizers) }) };
  const marked = markDeleted(request, old, finalizers, grace);
  if (marked === undefined) return { type: 'marked', record: head };
  return { type: 'marked', record: await commit(request, marked) };
}

async function admitDeletion(request: ApiRequest, old: KindObject, head: StoredRecord): Promise<void> {
  const { resource, api } = request;
  const asked: AdmissionRequest = {
    operation: 'DELETE', group: resource.group, version: resource.version, kind: resource.kind, plural: resource.plural, dryRun: isDryRun(request), old,
    ...(request.namespace !== undefined && { namespace: request.namespace }), ...(request.name !== undefined && { name: request.name }),
  };
  const context = strategyContext(api, request.user, request.namespace);
  if (hasWebhooks('MutatingWebhookConfiguration', asked, api.lookups)) await mutateByWebhooks(request, asked, context, () => {});
  note(request, check(asked, context, api.lookups));
  if (hasWebhooks('ValidatingWebhookConfiguration', asked, api.lookups)) await validateByWebhooks(request, asked, context);
  requireUnmoved(request, head);
  note(request, admit(asked, context, api.lookups));
}

function checkPreconditions(request: ApiRequest, old: KindObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid !== undefined && uid !== old.metadata.uid) throw conflict(subjectOf(request), `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) throw conflict(subjectOf(request), `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${old.metadata.resourceVersion}`);
}

/** Seconds; only Pods are deleted gracefully: those on a node whose containers may run. */
function gracePeriodOf(storage: string, old: KindObject, options: DeleteOptions): number {
  if (storage !== '/pods') return 0;
  const spec = old['spec'] as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (old['status'] as { phase?: string } | undefined)?.phase;
  if (!spec?.nodeName || phase === 'Failed' || phase === 'Succeeded') return 0;
  const wanted = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
  return wanted < 0 ? 1 : wanted;
}

/** The finalizers after the propagation policy: explicit options, then finalizers already there, then the kind's default. */
function finalizersFor(storage: string, old: KindObject, options: DeleteOptions): string[] {
  const present = storage === definitionsStorage ? [...new Set([...(old.metadata.finalizers ?? []), cleanupFinalizer])] : (old.metadata.finalizers ?? []);
  const others = present.filter((f) => f !== 'orphan' && f !== 'foregroundDeletion');
  const policy = options.propagationPolicy ?? (options.orphanDependents === undefined ? undefined : options.orphanDependents ? 'Orphan' : 'Background');
  if (policy === 'Orphan') return [...others, 'orphan'];
  if (policy === 'Foreground') return [...others, 'foregroundDeletion'];
  if (policy === 'Background') return others;
  if (present.length === others.length && storage === 'batch/jobs') return [...others, 'orphan'];
  return [...present];
}

function withFinalizers(old: KindObject, finalizers: readonly string[]): KindObject['metadata'] {
  const { finalizers: _old, ...metadata } = old.metadata;
  return finalizers.length === 0 ? metadata : { ...metadata, finalizers: [...finalizers] };
}

/** Undefined when the object is marked like this already. */
function markDeleted(request: ApiRequest, old: KindObject, finalizers: readonly string[], graceSeconds: number): KindObject | undefined {
  const before = old.metadata.deletionTimestamp;
  const sameFinalizers = finalizers.join() === (old.metadata.finalizers ?? []).join();
  const shorter = before !== undefined && graceSeconds < (old.metadata.deletionGracePeriodSeconds ?? 0);
  if (before !== undefined && sameFinalizers && !shorter) return undefined;
  const metadata = withFinalizers(old, finalizers);
  if (before === undefined || shorter) {
    const start = before === undefined ? request.api.clock.now() : Date.parse(before) - (old.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
    metadata.deletionTimestamp = timestamp(Math.max(start, before === undefined ? start : request.api.clock.now() - graceSeconds * 1000) + graceSeconds * 1000);
    metadata.deletionGracePeriodSeconds = graceSeconds;
    if (before === undefined && metadata.generation !== undefined) metadata.generation += 1;
  }
  const marked: KindObject = { ...old, metadata };
  if (request.resource.storage === '/namespaces') marked['status'] = { ...(old['status'] as object | undefined), phase: 'Terminating' };
  return marked;
}
