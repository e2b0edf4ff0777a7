import { Findings } from '../../validation/field-error.ts';
import { validateDefaults } from './schema-defaults.ts';
import { validateKeywords } from './schema-keywords.ts';
import type { Schema } from './schema-tree.ts';
import { canBeStructural, validateStructure } from './structural-schema.ts';
import { validateRules } from './validation-rules.ts';

/** What may stand at the root beside a status subresource, whose schema is taken out of properties. */
const BESIDE_STATUS = new Set(['description', 'type', 'format', 'title', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'maxLength', 'minLength', 'pattern', 'maxItems', 'minItems', 'uniqueItems', 'multipleOf', 'required', 'items', 'properties', 'externalDocs', 'example', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations']);

/** The schema of one version: structural, with defaults that fit it and rules that can be read. @param hasStatus the version has a status subresource */
export function validateOpenApiSchema(root: Schema, hasStatus: boolean, path: string, found: Findings): void {
  const start = found.errors.length;
  if (hasStatus) {
    const others = Object.entries(root).filter(([field, value]) => value !== null && !BESIDE_STATUS.has(field)).map(([field]) => field);
    const isType = root.type === undefined || root.type === 'object';
    if (others.some((field) => field === 'id' || field === '$schema' || field === '$ref') || (isType && others.length > 0)) found.invalid(path, others, 'a status subresource excludes these at the root');
    else if (!isType) found.invalid(`${path}.type`, root.type, 'must be object beside a status subresource');
  }
  if (root.nullable === true) found.forbidden(`${path}.nullable`, 'the root is not nullable');
  const structural = canBeStructural(root);
  if (structural) {
    const structure = new Findings();
    validateStructure(root, path, structure);
    if (structure.errors.length === 0) validateDefaults(root, path, structure);
    found.errors.push(...structure.errors);
  }
  const before = found.errors.length;
  validateKeywords(root, path, found);
  if (!structural && before === 0 && found.errors.length === 0) found.invalid(path, '', 'must be a structural schema');
  if (found.errors.length === start) validateRules(root, path, found);
}
