import { resetFieldsOf } from '../apply/reset-fields.ts';
import type { Convert, ResetFields } from '../apply/ownership.ts';
import { StructureError } from '../apply/structure.ts';
import { trackUpdate as tracked } from '../apply/track-update.ts';
import { timestamp } from '../context.ts';
import { fieldManagerOf, type ApiRequest } from '../http/api-request.ts';
import type { KindObject } from '../kinds/strategy.ts';
import type { JsonObject } from '../patch/json.ts';
import { groupVersionOf } from '../resources/served-resource.ts';

/** What tracking of owners needs to know of a request. */
export function ownershipOf(request: ApiRequest): { apiVersion: string; now: string; schema: ReturnType<ApiRequest['resource']['schema']>; subresource?: string; resetFields?: ResetFields; convert: Convert } {
  const { resource, subresource, api } = request;
  const resetFields = resetFieldsOf({ group: resource.group, kind: resource.kind, custom: resource.custom !== undefined, hasStatus: resource.subresources.has('status'), ...(subresource !== undefined && { subresource }) });
  return {
    apiVersion: groupVersionOf(resource), now: timestamp(api.clock.now()), schema: resource.schema(),
    ...(subresource !== undefined && { subresource }), ...(resetFields && { resetFields }), convert: converter(request),
  };
}

/** Shows an object as another served version of the same resource does. */
function converter({ api, resource }: ApiRequest): Convert {
  return (object, apiVersion) => {
    const slash = apiVersion.indexOf('/');
    const other = api.registry.find(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), resource.plural);
    // A webhook is not asked for each manager's fields: those of another version count as nobody's.
    if (other === undefined || other.storage !== resource.storage || (other !== resource && other.conversion?.prepare !== undefined)) return undefined;
    const stored = resource.conversion === undefined ? object : resource.conversion.toStored(object as never);
    const seen = other.conversion === undefined ? stored : other.conversion.fromStored(stored as never);
    return { object: { ...seen, apiVersion } as unknown as JsonObject, schema: other.schema() };
  };
}

/** Items of a list that have no key cannot be owned one by one; then nobody's ownership changes, as in Kubernetes. */
function managedFieldsAfter(request: ApiRequest, object: KindObject, old: KindObject | undefined): KindObject['metadata']['managedFields'] {
  try {
    const after = tracked({ ...ownershipOf(request), before: old as JsonObject | undefined, after: object as JsonObject, manager: fieldManagerOf(request) });
    return (after['metadata'] as KindObject['metadata']).managedFields;
  } catch (error) {
    if (error instanceof StructureError) return old?.metadata.managedFields;
    throw error;
  }
}

/** Records in managedFields who set what: on create, or (with `old`) what an update or patch changed. */
export function track(request: ApiRequest, object: KindObject, old?: KindObject): void {
  const managedFields = managedFieldsAfter(request, object, old);
  if (managedFields === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = managedFields;
}
