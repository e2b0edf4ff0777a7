import { admit, check, mutate, type AdmissionRequest } from '../admission/admission.ts';
import { badRequest, conflict, invalid, modified, notFound } from '../api-error.ts';
import { asKind, collectionOf, storeKey, strategyContext } from '../context.ts';
import { isDryRun, subjectOf, type ApiRequest } from '../http/api-request.ts';
import { acceptedForm, replyObject } from '../http/negotiate.ts';
import type { KindObject } from '../kinds/strategy.ts';
import { equal } from '../patch/json.ts';
import { shown } from '../resources/served-resource.ts';
import type { StoredRecord } from '../../store/record.ts';
import { dropDoubledOwners } from '../validation/object-meta.ts';
import { quotaCharge } from './charge-quotas.ts';
import { allocate, commit, refuseInvalid } from './commit.ts';
import { note } from './note.ts';
import { hasWebhooks } from '../admission/webhooks/matching-webhooks.ts';
import { mutateByWebhooks, validateByWebhooks } from './webhooks.ts';
import { requireUnmoved, untilUnmoved } from './unmoved.ts';
import { decodeRequest } from './decode-request.ts';
import { track } from './ownership.ts';
import { checkWriteOptions } from './write-options.ts';
import { removeObject } from './remove.ts';

export async function handleUpdate(request: ApiRequest): Promise<void> {
  const form = acceptedForm(request);
  checkWriteOptions(request, 'UpdateOptions');
  const object = await decodeRequest(request);
  if (object.metadata.name !== request.name) throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${request.name})`);
  const mayWait = !request.api.lookups.isEmpty('admissionregistration.k8s.io', 'MutatingWebhookConfiguration') || !request.api.lookups.isEmpty('admissionregistration.k8s.io', 'ValidatingWebhookConfiguration');
  replyObject(request, 200, await untilUnmoved(request, () => updateObject(request, mayWait ? structuredClone(object) : object, headOf(request))), form);
}

/** The newest state of the request's object.
 *  @throws {StatusError} 404 */
export function headOf(request: ApiRequest): StoredRecord {
  const record = request.api.store.head(collectionOf(request.api, request.resource), storeKey(request.namespace, request.name ?? ''));
  if (record === undefined) throw notFound(subjectOf(request));
  return record;
}

/** Replaces `head` by `given`, which the strategy has the last word on. A change of nothing writes nothing.
 *  @param admitted it was asked for, and admitted, as something else: a Scale
 *  @throws {StatusError} 403, 409, 422 */
export async function updateObject(request: ApiRequest, given: KindObject, head: StoredRecord, own: (object: KindObject, old: KindObject) => void = (o, old) => track(request, o, old), admitted = false): Promise<StoredRecord> {
  const { resource, api } = request;
  let object = given;
  const old = asKind(shown(resource, head));
  checkPreconditions(request, object, old);
  keepServerMetadata(request, object, old);
  const context = strategyContext(api, request.user, request.namespace);
  const { strategy } = resource;
  // A certificate request's approval is part of its status.
  const isStatus = request.subresource === 'status' || request.subresource === 'approval';
  request.warnings.push(...dropDoubledOwners(object.metadata));
  strategy.default(object);
  own(object, old);
  const prepare = (o: KindObject): void => (isStatus ? strategy.prepareForStatusUpdate(o, old, context) : strategy.prepareForUpdate(o, old, context));
  prepare(object);
  let asked: AdmissionRequest = {
    operation: 'UPDATE', group: resource.group, version: resource.version, kind: resource.kind, plural: resource.plural, dryRun: isDryRun(request), object, old,
    ...(request.subresource !== undefined && { subresource: request.subresource }), ...(request.namespace !== undefined && { namespace: request.namespace }), ...(request.name !== undefined && { name: request.name }),
  };
  if (!admitted) note(request, mutate(asked, context, api.lookups));
  if (!admitted && hasWebhooks('MutatingWebhookConfiguration', asked, api.lookups)) {
    object = await mutateByWebhooks(request, asked, context, (next) => {
      keepServerMetadata(request, next, old);
      strategy.default(next);
      prepare(next);
    });
    asked = { ...asked, object };
  }
  refuseInvalid(request, object, isStatus ? strategy.validateStatusUpdate(object, old, context) : strategy.validateUpdate(object, old, context));
  if (!admitted) note(request, check(asked, context, api.lookups));
  if (!admitted && hasWebhooks('ValidatingWebhookConfiguration', asked, api.lookups)) await validateByWebhooks(request, asked, context);
  requireUnmoved(request, head);
  if (!admitted) note(request, admit(asked, context, api.lookups));
  if (!isStatus) request.warnings.push(...strategy.warnings(object, old));
  const charge = quotaCharge(request, asked);
  if (!isStatus) allocate(request, object, old);
  charge();
  return store(request, object, old, head);
}

async function store(request: ApiRequest, object: KindObject, old: KindObject, head: StoredRecord): Promise<StoredRecord> {
  object.metadata.resourceVersion = String(head.revision);
  if (equal(object, old)) {
    // What the client is told must be on disk, also when an earlier write of the same state is still on its way there.
    if (request.api.store.revision < head.revision) await request.api.store.flush();
    return head;
  }
  const { metadata } = object;
  const isLastFinalizerGone = metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0
    && (old.metadata.finalizers ?? []).length > 0 && (metadata.deletionGracePeriodSeconds ?? 0) === 0 && !(request.resource.storage === '/namespaces' && hasSpecFinalizers(object));
  return isLastFinalizerGone ? removeObject(request, object) : commit(request, object);
}

export function hasSpecFinalizers(namespace: KindObject): boolean {
  return ((namespace['spec'] as { finalizers?: string[] } | undefined)?.finalizers ?? []).length > 0;
}

function checkPreconditions(request: ApiRequest, object: KindObject, old: KindObject): void {
  const { uid, resourceVersion } = object.metadata;
  if (request.method === 'PUT' && uid !== undefined && uid !== '' && uid !== old.metadata.uid) throw conflict(subjectOf(request), `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0') {
    if (resourceVersion !== old.metadata.resourceVersion) throw modified(subjectOf(request));
  } else if ((request.resource.custom !== undefined || request.resource.strategy.needsResourceVersion === true) && request.method === 'PUT') {
    throw invalid(request.resource.group, request.resource.kind, request.name ?? '', [{ type: 'Invalid', field: 'metadata.resourceVersion', value: 0, detail: 'It must be specified for an update' }]);
  }
}

/** What a client cannot change, or cannot clear by leaving it out. */
function keepServerMetadata(request: ApiRequest, object: KindObject, old: KindObject): void {
  const { metadata } = object;
  metadata.name ??= old.metadata.name;
  if (request.namespace === undefined) delete metadata.namespace;
  else metadata.namespace ??= request.namespace;
  if (metadata.namespace !== old.metadata.namespace) throw badRequest(`the namespace of the provided object (${metadata.namespace}) does not match the namespace sent on the request (${request.namespace})`);
  if (metadata.uid === undefined || metadata.uid === '') metadata.uid = old.metadata.uid;
  // What an object has of these stays; what it has not, the validation refuses.
  for (const field of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'] as const) {
    if (old.metadata[field] !== undefined) (metadata as Record<string, unknown>)[field] = old.metadata[field];
    else if (field === 'generation') delete metadata.generation;
  }
}
