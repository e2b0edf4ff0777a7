import { Environment } from '@marcbachmann/cel-js';
import type { Findings } from '../../validation/field-error.ts';

const MAX_LENGTH = 10 * 1024;

let environment: Environment | undefined;

/** A CEL expression that selects devices: it names `device` alone and gives a bool. Calls of Kubernetes's own functions are taken as they are. */
export function validateDeviceExpression(expression: string, path: string, found: Findings): void {
  if (expression.length > MAX_LENGTH) {
    found.tooLong(path, `must be at most ${MAX_LENGTH} characters`);
    return;
  }
  environment ??= new Environment().registerVariable('device', 'dyn');
  const checked = environment.check(expression);
  if (!checked.valid) {
    const message = (checked.error?.message ?? 'cannot be read').split('\n')[0] as string;
    if (!message.includes('no matching overload')) found.invalid(path, expression, message);
  } else if (checked.type !== 'bool' && checked.type !== 'dyn') found.invalid(path, expression, `must be a bool, not ${checked.type}`);
}
