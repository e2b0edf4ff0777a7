import type { CustomResourceColumnDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceSubresources } from '../../../../kubernetes/types.generated.ts';
import { equal } from '../../patch/json.ts';
import { dns1035Label } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateOpenApiSchema } from './open-api-schema.ts';
import { validateSelectableFields } from './selectable-fields.ts';

const COLUMN_TYPES = new Set(['integer', 'number', 'string', 'boolean', 'date']);
const COLUMN_FORMATS = new Set(['int32', 'int64', 'float', 'double', 'byte', 'date', 'date-time', 'password']);
const MAX_WARNING_LENGTH = 256;

/** A part of a version, and the path that its errors name. */
interface Part<T> { readonly value: T; readonly path: string }

export function validateVersions(spec: CustomResourceDefinitionSpec, found: Findings): void {
  const versions = spec.versions ?? [];
  versions.forEach((version, i) => {
    const at = `spec.versions[${i}]`;
    if (version.schema?.openAPIV3Schema === undefined) found.required(`${at}.schema.openAPIV3Schema`);
    if (dns1035Label(version.name).length > 0) found.invalid(`${at}.name`, version.name, dns1035Label(version.name).join('; '));
    validateDeprecation(version, `${at}.deprecationWarning`, found);
  });
  const first = versions[0]?.name ?? '';
  if (first !== '' && dns1035Label(first).length > 0) found.invalid('spec.version', first, dns1035Label(first).join('; '));
  if (new Set(versions.map((version) => version.name)).size < versions.length) found.invalid('spec.versions', versions.length, 'must have unique names');
  if (versions.filter((version) => version.storage).length !== 1) found.invalid('spec.versions', versions.length, 'must have exactly one storage version');
  validateParts(versions, found);
}

/** What all versions say alike, Kubernetes keeps once, and its errors have paths without a version. */
function partsOf<T>(versions: readonly CustomResourceDefinitionVersion[], shared: string, own: string, pick: (version: CustomResourceDefinitionVersion) => T | undefined): (Part<T> | undefined)[] {
  const values = versions.map(pick);
  const isShared = values.every((value) => equal(value, values[0]));
  return values.map((value, i) => (value === undefined || value === null || (isShared && i > 0) ? undefined : { value, path: isShared ? `spec.${shared}` : `spec.versions[${i}].${own}` }));
}

const hasStatus = (version: CustomResourceDefinitionVersion): boolean => version.subresources?.status !== undefined && version.subresources.status !== null;

function validateParts(versions: readonly CustomResourceDefinitionVersion[], found: Findings): void {
  const schemas = partsOf(versions, 'validation', 'schema', (version) => version.schema);
  const selectable = partsOf(versions, 'selectableFields', 'selectableFields', (version) => version.selectableFields);
  schemas.forEach((part, i) => {
    const isShared = part?.path === 'spec.validation';
    const schema = part?.value.openAPIV3Schema;
    if (part !== undefined && schema !== undefined) validateOpenApiSchema(schema, isShared ? versions.some(hasStatus) : hasStatus(versions[i] as CustomResourceDefinitionVersion), `${part.path}.openAPIV3Schema`, found);
    const fields = selectable[i];
    // Fields that are kept once are looked up in the schema that is kept once, and the others in the version's own.
    if (fields !== undefined && fields.value.length > 0) validateSelectableFields(fields.value, (fields.path === 'spec.selectableFields') === isShared ? schema : undefined, fields.path, found);
  });
  for (const part of partsOf(versions, 'additionalPrinterColumns', 'additionalPrinterColumns', (version) => version.additionalPrinterColumns)) part?.value.forEach((column, i) => validateColumn(column, `${part.path}[${i}]`, found));
  for (const part of partsOf(versions, 'subresources', 'subresources', (version) => version.subresources)) if (part !== undefined) validateScale(part.value, part.path, found);
}

function validateDeprecation({ deprecated, deprecationWarning: warning }: CustomResourceDefinitionVersion, path: string, found: Findings): void {
  if (warning === undefined) return;
  if (deprecated !== true) found.invalid(path, warning, 'needs deprecated: true');
  else if (warning === '' || Buffer.byteLength(warning) > MAX_WARNING_LENGTH) found.invalid(path, warning, `must be 1 to ${MAX_WARNING_LENGTH} characters`);
  if (deprecated === true && /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(warning)) found.invalid(path, warning, 'must be printable');
}

function validateColumn(column: CustomResourceColumnDefinition, path: string, found: Findings): void {
  if (column.name === '') found.required(`${path}.name`);
  if (column.type === '') found.required(`${path}.type`);
  else if (!COLUMN_TYPES.has(column.type)) found.invalid(`${path}.type`, column.type, `must be one of ${[...COLUMN_TYPES].join(', ')}`);
  if (column.format !== undefined && !COLUMN_FORMATS.has(column.format)) found.invalid(`${path}.format`, column.format, `must be one of ${[...COLUMN_FORMATS].join(', ')}`);
  if (column.jsonPath === '') found.required(`${path}.JSONPath`);
  else if (!column.jsonPath.startsWith('.')) found.invalid(`${path}.JSONPath`, column.jsonPath, 'must be a JSON path that begins with a dot');
}

function validateScale({ scale }: CustomResourceSubresources, path: string, found: Findings): void {
  if (scale === undefined) return;
  validateReplicasPath(scale.specReplicasPath, ['.spec.'], `${path}.scale.specReplicasPath`, found);
  validateReplicasPath(scale.statusReplicasPath, ['.status.'], `${path}.scale.statusReplicasPath`, found);
  if (scale.labelSelectorPath !== undefined && scale.labelSelectorPath !== '') validateReplicasPath(scale.labelSelectorPath, ['.spec.', '.status.'], `${path}.scale.labelSelectorPath`, found);
}

function validateReplicasPath(text: string, prefixes: readonly string[], path: string, found: Findings): void {
  if (text === '') found.required(path);
  else if (!prefixes.some((prefix) => text.startsWith(prefix))) found.invalid(path, text, `must be a path that begins with ${prefixes.join(' or ')}`);
}
