import { invalid } from '../api-error.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { Findings } from '../validation/field-error.ts';

const MAX_MANAGER = 128;
const VALIDATIONS = new Set(['Ignore', 'Warn', 'Strict']);

/** Refuses query parameters of a write that mean nothing.
 *  @throws {StatusError} 422 */
export function checkWriteOptions(request: ApiRequest, kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'): void {
  const { query } = request;
  if (query.size === 0) return;
  const found = new Findings();
  for (const value of query.getAll('dryRun')) if (value !== 'All') found.notSupported('dryRun', value, ['All']);
  const manager = query.get('fieldManager') ?? '';
  if (manager.length > MAX_MANAGER) found.tooLong('fieldManager', `must be at most ${MAX_MANAGER} characters`);
  if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(manager)) found.invalid('fieldManager', manager, 'must be printable');
  const validation = query.get('fieldValidation') ?? '';
  if (validation !== '' && !VALIDATIONS.has(validation)) found.notSupported('fieldValidation', validation, VALIDATIONS);
  if (found.errors.length > 0) throw invalid('meta.k8s.io', kind, '', found.errors);
}
