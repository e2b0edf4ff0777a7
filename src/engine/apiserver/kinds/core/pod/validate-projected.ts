import type { Volume } from '../../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { localNonReservedPath } from '../../../validation/path.ts';
import { required, validateDownwardFile, validateItems, validateMode } from './volume-sources.ts';

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const KINDS = ['secret', 'configMap', 'downwardAPI', 'serviceAccountToken'] as const;

/** A volume of several sources: each of one kind, and no two files at one path. */
export function validateProjected(source: NonNullable<Volume['projected']>, path: string, found: Findings): void {
  validateMode(source.defaultMode, `${path}.defaultMode`, found);
  const paths = new Set<string>();
  const claim = (file: string): void => {
    if (file !== '' && paths.has(file)) found.invalid(path, file, 'two files have this path');
    paths.add(file);
  };
  source.sources?.forEach((part, i) => {
    const at = `${path}.sources[${i}]`;
    for (const kind of ['secret', 'configMap'] as const) {
      const value = part[kind];
      if (value === undefined) continue;
      required(value.name, `${at}.${kind}.name`, found);
      validateItems(value.items, `${at}.${kind}`, found);
      value.items?.forEach((item) => claim(item.path));
    }
    part.downwardAPI?.items?.forEach((item) => {
      validateDownwardFile(item, `${at}.downwardAPI`, found);
      claim(item.path);
    });
    const token = part.serviceAccountToken;
    if (token !== undefined) {
      const seconds = token.expirationSeconds ?? 0;
      if (seconds < MIN_TOKEN_SECONDS) found.invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, `must be ${MIN_TOKEN_SECONDS} or more`);
      if (seconds > MAX_TOKEN_SECONDS) found.invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, 'must be at most 2^32');
      if (token.path === '') found.required(`${path}.path`);
      else found.eachInvalid(`${path}.path`, token.path, localNonReservedPath(token.path));
    }
    if (KINDS.filter((kind) => part[kind] !== undefined).length > 1) found.forbidden(at, 'a source has one kind');
  });
}
