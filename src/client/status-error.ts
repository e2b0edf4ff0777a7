import type { Status } from '../kubernetes/types.generated.ts';

/** A Kubernetes API failure. `reason` is the Status reason (`NotFound`, `Conflict`, `AlreadyExists`, `Invalid`, `Expired`, …). */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string;
  readonly details: Status['details'];

  constructor(status: { code: number; reason: string; message: string; details?: Status['details'] }, options?: ErrorOptions) {
    super(status.message, options);
    this.code = status.code;
    this.reason = status.reason;
    this.details = status.details;
  }
}

const hasReason = (e: unknown, reason: string): boolean => e instanceof StatusError && e.reason === reason;

export const isNotFound = (e: unknown): boolean => hasReason(e, 'NotFound');
export const isForbidden = (e: unknown): boolean => hasReason(e, 'Forbidden');
export const isConflict = (e: unknown): boolean => hasReason(e, 'Conflict');
export const isAlreadyExists = (e: unknown): boolean => hasReason(e, 'AlreadyExists');
/** The resourceVersion or continue token is older than the history kept: list again. */
export const isExpired = (e: unknown): boolean => hasReason(e, 'Expired') || hasReason(e, 'Gone');
export const isInvalid = (e: unknown): boolean => hasReason(e, 'Invalid');
