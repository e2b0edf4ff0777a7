import { randomUUID } from 'node:crypto';
import { admit, check, mutate, type AdmissionRequest } from '../admission/admission.ts';
import { alreadyExists, badRequest, methodNotAllowed } from '../api-error.ts';
import { collectionOf, storeKey, strategyContext, timestamp } from '../context.ts';
import { isDryRun, subjectOf, type ApiRequest } from '../http/api-request.ts';
import { acceptedForm, replyObject } from '../http/negotiate.ts';
import type { KindObject } from '../kinds/strategy.ts';
import type { StoredRecord } from '../../store/record.ts';
import { dropDoubledOwners } from '../validation/object-meta.ts';
import { quotaCharge } from './charge-quotas.ts';
import { allocate, commit, refuseInvalid } from './commit.ts';
import { note } from './note.ts';
import { hasWebhooks } from '../admission/webhooks/matching-webhooks.ts';
import { mutateByWebhooks, validateByWebhooks } from './webhooks.ts';
import { decodeRequest } from './decode-request.ts';
import { track } from './ownership.ts';
import { checkWriteOptions } from './write-options.ts';

export async function handleCreate(request: ApiRequest): Promise<void> {
  if (request.name !== undefined) throw methodNotAllowed(subjectOf(request), request.method);
  const form = acceptedForm(request);
  checkWriteOptions(request, 'CreateOptions');
  const object = await decodeRequest(request);
  replyObject(request, 201, await createObject(request, object), form);
}

/** Runs an object through defaults, admission and validation, and stores it.
 *  @throws {StatusError} 400, 403, 404 (no such namespace), 409 (the name is taken), 422 */
export async function createObject(request: ApiRequest, given: KindObject, own: (object: KindObject) => void = (o) => track(request, o)): Promise<StoredRecord> {
  const { resource, api } = request;
  let object = given;
  const collection = collectionOf(api, resource);
  const isFree = (name: string): boolean => api.store.head(collection, storeKey(request.namespace, name)) === undefined;
  stampNew(request, object, isFree);
  const { name = '' } = object.metadata;
  const context = strategyContext(api, request.user, request.namespace);
  request.warnings.push(...dropDoubledOwners(object.metadata));
  resource.strategy.default(object);
  own(object);
  resource.strategy.prepareForCreate(object, context);
  request.warnings.push(...resource.strategy.earlyWarnings(object));
  let asked: AdmissionRequest = {
    operation: 'CREATE', group: resource.group, version: resource.version, kind: resource.kind, plural: resource.plural, dryRun: isDryRun(request), object, name,
    ...(request.namespace !== undefined && { namespace: request.namespace }),
  };
  note(request, mutate(asked, context, api.lookups));
  if (hasWebhooks('MutatingWebhookConfiguration', asked, api.lookups)) {
    object = await mutateByWebhooks(request, asked, context, (next) => {
      Object.assign(next.metadata, { uid: given.metadata.uid, creationTimestamp: given.metadata.creationTimestamp, name, ...(request.namespace !== undefined && { namespace: request.namespace }) });
      resource.strategy.default(next);
      resource.strategy.prepareForCreate(next, context);
    });
    asked = { ...asked, object };
  }
  refuseInvalid(request, object, resource.strategy.validate(object, context));
  note(request, check(asked, context, api.lookups));
  if (hasWebhooks('ValidatingWebhookConfiguration', asked, api.lookups)) await validateByWebhooks(request, asked, context);
  note(request, admit(asked, context, api.lookups));
  request.warnings.push(...resource.strategy.warnings(object));
  if (!isFree(name)) throw alreadyExists(subjectOf(request, name));
  const charge = quotaCharge(request, asked);
  allocate(request, object);
  charge();
  return commit(request, object);
}

/** Sets what only the server may say of a new object. */
function stampNew(request: ApiRequest, object: KindObject, isFree: (name: string) => boolean): void {
  const { metadata } = object;
  if (/^[1-9]\d*$/.test(metadata.resourceVersion ?? '') && !isDryRun(request)) throw badRequest('resourceVersion should not be set on objects to be created');
  if (request.namespace === undefined) delete metadata.namespace;
  else {
    if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== request.namespace) {
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request: ${metadata.namespace} and ${request.namespace}`);
    }
    metadata.namespace = request.namespace;
  }
  if (!metadata.name && metadata.generateName) metadata.name = generatedName(metadata.generateName, () => request.api.random.next(), isFree);
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(request.api.clock.now());
  delete metadata.resourceVersion;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** `prefix` (at most 58 characters) and five random ones; tried again, at most 8 times, while the name is taken. */
function generatedName(prefix: string, next: () => number, isFree: (name: string) => boolean): string {
  let name = '';
  for (let attempt = 0; attempt < 8; attempt++) {
    name = prefix.slice(0, 58) + Array.from({ length: 5 }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');
    if (isFree(name)) break;
  }
  return name;
}
