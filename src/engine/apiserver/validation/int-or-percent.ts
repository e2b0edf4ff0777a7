import type { Findings } from './field-error.ts';

type IntOrPercent = number | string;

const PERCENT = /^\d+%$/;

/** A count of 0 or more, or a percentage. */
export function validateIntOrPercent(value: IntOrPercent, path: string, found: Findings): void {
  if (typeof value === 'number') found.nonNegative(path, value);
  else if (!PERCENT.test(value)) found.invalid(path, value, 'must be a count or a percentage, such as 5 or 25%');
}

export function validateAtMostAll(value: IntOrPercent, path: string, found: Findings): void {
  if (typeof value === 'string' && PERCENT.test(value) && Number.parseInt(value, 10) > 100) found.invalid(path, value, 'must be at most 100%');
}

/** 0 for a malformed value, which has its own error. */
export function countOf(value: IntOrPercent | undefined): number {
  if (value === undefined) return 0;
  return typeof value === 'number' ? value : PERCENT.test(value) ? Number.parseInt(value, 10) : 0;
}
