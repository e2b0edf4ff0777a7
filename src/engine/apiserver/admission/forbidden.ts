import { StatusError } from '../../../client/status-error.ts';
import type { AdmissionRequest } from './admission.ts';

/** 403 as admission gives it. `rule` states what is not allowed. */
export function forbidden(request: AdmissionRequest, rule: string): StatusError {
  const name = request.object?.metadata.name ?? request.name ?? '';
  return new StatusError({ code: 403, reason: 'Forbidden', message: `${request.plural} "${name}" is forbidden: ${rule}`, details: { name, group: request.group, kind: request.plural } });
}

export function isPodCreate(request: AdmissionRequest): boolean {
  return request.group === '' && request.kind === 'Pod' && request.operation === 'CREATE' && request.subresource === undefined;
}
