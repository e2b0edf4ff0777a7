import { StatusError } from '../../../client/status-error.ts';
import type { AdmissionRequest, Lookups } from '../admission/admission.ts';
import { admit, mutate } from '../admission/admission.ts';
import { dropDoubledOwners } from '../validation/object-meta.ts';
import { causesOf, type FieldError } from '../validation/field-error.ts';
import { strategyFor } from './registry.ts';
import type { KindObject, StrategyContext } from './strategy.ts';

const RANDOM_CHARACTERS = 'bcdfghjklmnpqrstvwxz2456789';
const RANDOM_LENGTH = 5;
const MAX_GENERATED_NAME = 63;

/** 422 with one cause for each error. */
export function invalid(group: string, kind: string, name: string | undefined, errors: readonly FieldError[]): StatusError {
  const causes = causesOf(errors);
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${kind}${group === '' ? '' : `.${group}`} "${name ?? ''}" is invalid: ${causes.map((cause) => `${cause.field}: ${cause.message}`).join('; ')}`,
    details: { name, group, kind, causes },
  });
}

/** A name from metadata.generateName: cut so that it fits 63 characters, with five random ones. */
export function generatedName(base: string, context: StrategyContext): string {
  const random = context.uid().replaceAll('-', '');
  let suffix = '';
  for (let i = 0; i < RANDOM_LENGTH; i++) suffix += RANDOM_CHARACTERS[Number.parseInt(random.slice(i * 2, i * 2 + 2), 16) % RANDOM_CHARACTERS.length];
  return base.slice(0, MAX_GENERATED_NAME - RANDOM_LENGTH) + suffix;
}

/** Sets what the server owns in the metadata of a new object. */
export function fillMetadata(object: KindObject, context: StrategyContext): void {
  const { metadata } = object;
  metadata.creationTimestamp = context.now;
  metadata.uid = context.uid();
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  if (metadata.name === undefined && metadata.generateName !== undefined) metadata.name = generatedName(metadata.generateName, context);
}

/** Namespace of the path and of the body must agree; a cluster-scoped object has none.
 *  @throws {StatusError} 400 `BadRequest` */
export function settleNamespace(object: KindObject, namespace: string | undefined): void {
  const { metadata } = object;
  if (namespace === undefined) delete metadata.namespace;
  else if (metadata.namespace === undefined) metadata.namespace = namespace;
  else if (metadata.namespace !== namespace) {
    throw new StatusError({ code: 400, reason: 'BadRequest', message: `The body's namespace is ${metadata.namespace}, the path's ${namespace}` });
  }
}

/** Everything between a decoded body and the store, for a create: namespace, defaults, admission, strategy, validation.
 *  Changes the object. Gives the texts of Warning headers.
 *  @throws {StatusError} 400, 403, 404 or 422 */
export function prepareCreate(object: KindObject, request: Omit<AdmissionRequest, 'operation' | 'object'>, context: StrategyContext, lookups: Lookups): string[] {
  const strategy = strategyFor(request.group, request.version, request.kind);
  settleNamespace(object, request.namespace);
  const doubled = dropDoubledOwners(object.metadata);
  strategy.default(object);
  const admission: AdmissionRequest = { ...request, operation: 'CREATE', object };
  const warnings = [...doubled, ...mutate(admission, context, lookups).warnings];
  fillMetadata(object, context);
  strategy.prepareForCreate(object, context);
  const errors = strategy.validate(object, context);
  if (errors.length > 0) throw invalid(request.group, request.kind, object.metadata.name, errors);
  warnings.push(...strategy.warnings(object), ...admit(admission, context, lookups).warnings);
  return warnings;
}
