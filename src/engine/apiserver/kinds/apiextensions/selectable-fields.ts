import type { Findings } from '../../validation/field-error.ts';
import { schemaAt } from './schema-path.ts';
import type { Schema } from './schema-tree.ts';

const TYPES = new Set(['string', 'boolean', 'integer']);
const MAX_FIELDS = 8;

/** Fields that field selectors may name: at most eight scalars outside metadata. @param schema of the version; absent where it has none */
export function validateSelectableFields(fields: readonly { jsonPath: string }[], schema: Schema | undefined, path: string, found: Findings): void {
  if (schema === undefined) {
    found.invalid(path, '', 'needs a schema');
    return;
  }
  const seen = new Set<string>();
  fields.forEach(({ jsonPath }, i) => {
    const at = `${path}[${i}].jsonPath`;
    if (jsonPath === '') {
      found.required(at);
      return;
    }
    const place = schemaAt(schema, jsonPath, false);
    if (place === undefined) {
      found.invalid(at, jsonPath, 'must lead to a field of the schema, such as .spec.color');
      return;
    }
    if (place.names[0] === 'metadata') found.invalid(at, jsonPath, 'must not lead into metadata');
    if (!TYPES.has(place.schema?.type ?? '')) found.invalid(at, jsonPath, `must lead to a field of type ${[...TYPES].join(', ')}`);
    const name = place.names.join('.');
    if (seen.has(name)) found.duplicate(at, jsonPath);
    seen.add(name);
  });
  if (seen.size > MAX_FIELDS) found.tooMany(path, `at most ${MAX_FIELDS} are allowed`);
}
