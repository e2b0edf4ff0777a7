/** Why a field was refused. Each becomes one cause of a 422 Status, with the reason that Kubernetes uses for it. */
export type FieldErrorType =
  | 'Required'
  | 'Invalid'
  | 'NotSupported'
  | 'Duplicate'
  | 'NotFound'
  | 'Forbidden'
  | 'TooLong'
  | 'TooMany'
  | 'TypeInvalid'
  | 'Internal';

export interface FieldError {
  readonly type: FieldErrorType;
  /** Path as Kubernetes writes it: `spec.containers[0].name`, `metadata.labels`, `spec.limits[cpu]`. */
  readonly field: string;
  readonly value?: unknown;
  /** States the rule; absent where the type says it all (Required, Duplicate). */
  readonly detail?: string;
}

const REASONS: Record<FieldErrorType, string> = {
  Required: 'FieldValueRequired',
  Invalid: 'FieldValueInvalid',
  NotSupported: 'FieldValueNotSupported',
  Duplicate: 'FieldValueDuplicate',
  NotFound: 'FieldValueNotFound',
  Forbidden: 'FieldValueForbidden',
  TooLong: 'FieldValueTooLong',
  TooMany: 'FieldValueTooMany',
  TypeInvalid: 'FieldValueTypeInvalid',
  Internal: 'InternalError',
};

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export function messageOf(error: FieldError): string {
  const detail = error.detail === undefined ? '' : `: ${error.detail}`;
  const value = error.value === undefined ? '' : ` ${JSON.stringify(error.value)}`;
  switch (error.type) {
    case 'Required': return `A value is needed${detail}`;
    case 'Invalid': return `Value${value} is not valid${detail}`;
    case 'NotSupported': return `Value${value} is not one of the supported ones${detail}`;
    case 'Duplicate': return `Value${value} is there twice${detail}`;
    case 'NotFound': return `Nothing is named${value}${detail}`;
    case 'Forbidden': return `May not be set${detail}`;
    case 'TooLong': return `Value is too long${detail}`;
    case 'TooMany': return `Too many items${detail}`;
    case 'TypeInvalid': return `Value${value} has the wrong type${detail}`;
    case 'Internal': return `The check failed${detail}`;
  }
}

/** Causes for `status.details.causes`. Equal reason, field and message are one cause, as in Kubernetes. */
export function causesOf(errors: readonly FieldError[]): StatusCause[] {
  const seen = new Set<string>();
  const causes: StatusCause[] = [];
  for (const error of errors) {
    const cause = { reason: REASONS[error.type], message: messageOf(error), field: error.field };
    const key = `${cause.reason}\n${cause.field}\n${cause.message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    causes.push(cause);
  }
  return causes;
}
