import { StatusError } from '../../client/status-error.ts';
import type { Status } from '../../kubernetes/types.generated.ts';
import { causesOf, type FieldError } from './validation/field-error.ts';

/** What an error is about, for `status.details`. */
export interface ErrorSubject {
  readonly group: string;
  readonly plural: string;
  readonly name?: string;
}

function details(subject: ErrorSubject): NonNullable<Status['details']> {
  return { ...(subject.name !== undefined && subject.name !== '' && { name: subject.name }), ...(subject.group !== '' && { group: subject.group }), kind: subject.plural };
}

const qualified = (s: ErrorSubject): string => (s.group === '' ? s.plural : `${s.plural}.${s.group}`);

export const badRequest = (message: string, cause?: unknown): StatusError => new StatusError({ code: 400, reason: 'BadRequest', message }, { cause });
export const unauthorized = (): StatusError => new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
export const notFound = (s: ErrorSubject): StatusError => new StatusError({ code: 404, reason: 'NotFound', message: `${qualified(s)} "${s.name ?? ''}" not found`, details: details(s) });
export const pathNotFound = (): StatusError => new StatusError({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });
export const methodNotAllowed = (s: ErrorSubject, method: string): StatusError => new StatusError({ code: 405, reason: 'MethodNotAllowed', message: `${method} is not supported on resources of kind "${qualified(s)}"`, details: details(s) });
export const alreadyExists = (s: ErrorSubject): StatusError => new StatusError({ code: 409, reason: 'AlreadyExists', message: `${qualified(s)} "${s.name ?? ''}" already exists`, details: details(s) });
export const conflict = (s: ErrorSubject, why: string): StatusError => new StatusError({ code: 409, reason: 'Conflict', message: `Operation cannot be fulfilled on ${qualified(s)} "${s.name ?? ''}": ${why}`, details: details(s) });
export const modified = (s: ErrorSubject): StatusError => conflict(s, 'the object has been modified; please apply your changes to the latest version and try again');
export const forbidden = (s: ErrorSubject, why: string): StatusError => new StatusError({ code: 403, reason: 'Forbidden', message: `${qualified(s)}${s.name === undefined ? '' : ` "${s.name}"`} is forbidden: ${why}`, details: details(s) });
export const expired = (message: string): StatusError => new StatusError({ code: 410, reason: 'Expired', message });
export const unsupportedMediaType = (given: string): StatusError => new StatusError({ code: 415, reason: 'UnsupportedMediaType', message: `The body's media type ${JSON.stringify(given)} is not one that this path reads` });
export const tooLarge = (limitBytes: number): StatusError => new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message: `The body is larger than the limit of ${limitBytes} bytes` });
export const internalError = (cause: unknown): StatusError => new StatusError({ code: 500, reason: 'InternalError', message: `Internal error occurred: ${cause instanceof Error ? cause.message : String(cause)}` }, { cause });
export const unavailable = (message: string): StatusError => new StatusError({ code: 503, reason: 'ServiceUnavailable', message });
export const futureRevision = (wanted: number, current: number): StatusError =>
  new StatusError({ code: 504, reason: 'Timeout', message: `Too large resource version: ${wanted}, current: ${current}`, details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] } });

/** 422 with one cause a field error. `kind` is the kind's name, as Kubernetes gives it here (not the plural). */
export function invalid(group: string, kind: string, name: string, errors: readonly FieldError[]): StatusError {
  const causes = causesOf(errors);
  const list = causes.map((c) => `${c.field}: ${c.message}`);
  const message = `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${list.length === 1 ? list[0] : `[${list.join(', ')}]`}`;
  return new StatusError({ code: 422, reason: 'Invalid', message, details: { ...(name !== '' && { name }), ...(group !== '' && { group }), kind, causes } });
}

/** The Status document of an error. */
export function statusOf(error: StatusError): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: error.message, reason: error.reason, ...(error.details !== undefined && { details: error.details }), code: error.code };
}
