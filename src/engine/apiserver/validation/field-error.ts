import { isDeepStrictEqual } from 'node:util';

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
    case 'Required': return `Required value${detail}`;
    case 'Invalid': return `Value${value} is not valid${detail}`;
    case 'NotSupported': return `Unsupported value:${value}${detail}`;
    case 'Duplicate': return `Value${value} is there twice${detail}`;
    case 'NotFound': return `Nothing is named${value}${detail}`;
    case 'Forbidden': return `May not be set${detail}`;
    case 'TooLong': return `Value is too long${detail}`;
    case 'TooMany': return `Too many items${detail}`;
    case 'TypeInvalid': return `Value${value} has the wrong type${detail}`;
    case 'Internal': return `The check failed${detail}`;
  }
}

/** Causes for `status.details.causes`, in the order found. */
export function causesOf(errors: readonly FieldError[]): StatusCause[] {
  return errors.map((error) => ({ reason: REASONS[error.type], message: messageOf(error), field: error.field }));
}

/** Collects what a validator finds. `path` is built by the caller: `${path}.name`. */
export class Findings {
  readonly errors: FieldError[] = [];

  required(field: string, detail?: string): void {
    this.errors.push({ type: 'Required', field, detail });
  }
  invalid(field: string, value: unknown, detail?: string): void {
    this.errors.push({ type: 'Invalid', field, value, detail });
  }
  /** One error for each message. */
  eachInvalid(field: string, value: unknown, messages: readonly string[]): void {
    for (const detail of messages) this.errors.push({ type: 'Invalid', field, value, detail });
  }
  notSupported(field: string, value: unknown, supported: Iterable<string>): void {
    this.errors.push({ type: 'NotSupported', field, value, detail: `one of ${[...supported].join(', ')}` });
  }
  duplicate(field: string, value: unknown): void {
    this.errors.push({ type: 'Duplicate', field, value });
  }
  forbidden(field: string, detail: string): void {
    this.errors.push({ type: 'Forbidden', field, detail });
  }
  notFound(field: string, value: unknown): void {
    this.errors.push({ type: 'NotFound', field, value });
  }
  tooLong(field: string, detail: string): void {
    this.errors.push({ type: 'TooLong', field, detail });
  }
  tooMany(field: string, detail: string): void {
    this.errors.push({ type: 'TooMany', field, detail });
  }
  typeInvalid(field: string, value: unknown, detail?: string): void {
    this.errors.push({ type: 'TypeInvalid', field, value, detail });
  }
  internal(field: string, detail: string): void {
    this.errors.push({ type: 'Internal', field, detail });
  }
  /** Absent or empty is Required; outside the set is NotSupported. */
  requiredEnum(field: string, value: string | undefined | null, supported: ReadonlySet<string>): void {
    if (value === undefined || value === null || value === '') this.required(field);
    else if (!supported.has(value)) this.notSupported(field, value, supported);
  }
  optionalEnum(field: string, value: string | undefined | null, supported: ReadonlySet<string>): void {
    if (value !== undefined && value !== null && !supported.has(value)) this.notSupported(field, value, supported);
  }
  nonNegative(field: string, value: number | undefined | null): void {
    if (value !== undefined && value !== null && value < 0) this.invalid(field, value, 'must be 0 or more');
  }
  immutable(field: string, value: unknown, old: unknown): void {
    if (!isDeepStrictEqual(value, old)) this.invalid(field, value, 'cannot be changed');
  }
}
