import type { CustomResourceColumnDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion } from '../../../../kubernetes/types.generated.ts';
import { dns1035Label, dnsSubdomain, type NameCheck } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateObjectMeta } from '../../validation/object-meta.ts';
import { validateWebhookClient } from '../admissionregistration/webhook-client.ts';
import type { KindRules } from '../built-in-kind.ts';
import { validateOpenApiSchema } from './open-api-schema.ts';

const SCOPES = new Set(['Cluster', 'Namespaced']);
const CONVERSIONS = new Set(['None', 'Webhook']);
const COLUMN_TYPES = new Set(['integer', 'number', 'string', 'boolean', 'date']);
const COLUMN_FORMATS = new Set(['int32', 'int64', 'float', 'double', 'byte', 'date', 'date-time', 'password']);
const PROTECTED_GROUP = /(^|\.)(k8s|kubernetes)\.io$/;
const APPROVAL = 'api-approved.kubernetes.io';

export const customResourceDefinition: KindRules = {
  group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition', namespaced: false, generation: true, statusSetsAnnotations: false,
  default(object) {
    const spec = object['spec'] as CustomResourceDefinitionSpec;
    if (spec.names.singular === undefined && spec.names.kind !== '') spec.names.singular = spec.names.kind.toLowerCase();
    if (spec.names.listKind === undefined && spec.names.kind !== '') spec.names.listKind = `${spec.names.kind}List`;
    spec.conversion ??= { strategy: 'None' };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service !== undefined) service.port ??= 443;
  },
  prepare(object) {
    const versions = ((object['spec'] as CustomResourceDefinitionSpec).versions ?? []).filter((version) => version.storage);
    object['status'] = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: versions.map((version) => version.name) };
  },
  validateMetadata(object, found) {
    const spec = object['spec'] as CustomResourceDefinitionSpec;
    const required = `${spec.names.plural}.${spec.group}`;
    const name: NameCheck = (text) => {
      return [...dnsSubdomain(text), ...(text === required ? [] : [`must be ${required}, the plural and the group`])];
    };
    validateObjectMeta(object.metadata, { name, namespaced: false }, 'metadata', found);
    const approval = object.metadata.annotations?.[APPROVAL];
    if (PROTECTED_GROUP.test(spec.group) && (approval === undefined || !/^(https?:\/\/|unapproved)/.test(approval))) {
      if (approval === undefined) found.required(`metadata.annotations[${APPROVAL}]`, 'this group is protected');
      else found.invalid(`metadata.annotations[${APPROVAL}]`, approval, 'must be a URL or begin with unapproved');
    }
  },
  validate: (object, found) => validateSpec(object['spec'] as CustomResourceDefinitionSpec, found),
  validateUpdate(object, old, found) {
    found.immutable('spec.group', object['spec'].group, old['spec'].group);
    const established = (old['status']?.conditions as { type: string; status: string }[] | null | undefined)?.some((c) => c.type === 'Established' && c.status === 'True') === true;
    if (!established) return;
    found.immutable('spec.scope', object['spec'].scope, old['spec'].scope);
    found.immutable('spec.names.kind', object['spec'].names.kind, old['spec'].names.kind);
    found.immutable('spec.names.plural', object['spec'].names.plural, old['spec'].names.plural);
  },
};

function validateSpec(spec: CustomResourceDefinitionSpec, found: Findings): void {
  if (spec.group === '') found.required('spec.group');
  else if (dnsSubdomain(spec.group).length > 0) found.invalid('spec.group', spec.group, dnsSubdomain(spec.group).join('; '));
  else if (!spec.group.includes('.')) found.invalid('spec.group', spec.group, 'must be a domain with a dot');
  found.requiredEnum('spec.scope', spec.scope, SCOPES);
  const versions = spec.versions ?? [];
  const names = new Set<string>();
  versions.forEach((version, i) => {
    const at = `spec.versions[${i}]`;
    if (version.schema?.openAPIV3Schema === undefined) found.required(`${at}.schema.openAPIV3Schema`);
    if (dns1035Label(version.name).length > 0) found.invalid(`${at}.name`, version.name, dns1035Label(version.name).join('; '));
    names.add(version.name);
    if (version.deprecationWarning !== undefined && version.deprecated !== true) found.invalid(`${at}.deprecationWarning`, version.deprecationWarning, 'needs deprecated: true');
    else if (version.deprecationWarning !== undefined && (version.deprecationWarning === '' || version.deprecationWarning.length > 256)) found.invalid(`${at}.deprecationWarning`, version.deprecationWarning, 'must be 1 to 256 characters');
  });
  const first = versions[0]?.name ?? '';
  if (first !== '' && dns1035Label(first).length > 0) found.invalid('spec.version', first, dns1035Label(first).join('; '));
  if (names.size < versions.length) found.invalid('spec.versions', versions.length, 'must have unique names');
  const stored = versions.filter((version) => version.storage).length;
  if (stored !== 1) found.invalid('spec.versions', versions.length, 'must have exactly one storage version');
  if (spec.preserveUnknownFields === true) found.invalid('spec.preserveUnknownFields', true, 'cannot be true');
  validatePerVersion(versions, found);
  if (stored === 0 && versions.every((version) => !version.storage)) found.invalid('status.storedVersions', [], 'at least one is needed');
  validateNames(spec, found);
  validateConversion(spec, found);
}

/** Parts that all versions share have paths without a version, as Kubernetes keeps them once. */
function validatePerVersion(versions: readonly CustomResourceDefinitionVersion[], found: Findings): void {
  const shared = (pick: (version: CustomResourceDefinitionVersion) => unknown): boolean => {
    const first = versions[0] === undefined ? undefined : pick(versions[0]);
    return first !== undefined && versions.every((version) => JSON.stringify(pick(version)) === JSON.stringify(first));
  };
  const oneSchema = shared((v) => v.schema);
  const oneColumns = shared((v) => v.additionalPrinterColumns);
  const oneSubresources = shared((v) => v.subresources);
  versions.forEach((version, i) => {
    const schema = version.schema?.openAPIV3Schema;
    if (schema !== undefined && (!oneSchema || i === 0)) validateOpenApiSchema(schema, oneSchema ? 'spec.validation.openAPIV3Schema' : `spec.versions[${i}].schema.openAPIV3Schema`, found);
    if (!oneColumns || i === 0) version.additionalPrinterColumns?.forEach((column, j) => validateColumn(column, `${oneColumns ? 'spec' : `spec.versions[${i}]`}.additionalPrinterColumns[${j}]`, found));
    const scale = version.subresources?.scale;
    if (scale !== undefined && (!oneSubresources || i === 0)) {
      const at = `${oneSubresources ? 'spec' : `spec.versions[${i}]`}.subresources.scale`;
      validateReplicasPath(scale.specReplicasPath, '.spec.', `${at}.specReplicasPath`, true, found);
      validateReplicasPath(scale.statusReplicasPath, '.status.', `${at}.statusReplicasPath`, true, found);
      if (scale.labelSelectorPath !== undefined) {
        const selector = scale.labelSelectorPath;
        if (!isSimplePath(selector) || !(selector.startsWith('.spec.') || selector.startsWith('.status.'))) found.invalid(`${at}.labelSelectorPath`, selector, 'must be a path below .spec or .status');
      }
    }
  });
}

const isSimplePath = (path: string): boolean => /^(\.[A-Za-z0-9_-]+)+$/.test(path);

function validateReplicasPath(path: string, prefix: string, field: string, required: boolean, found: Findings): void {
  if (path === '') {
    if (required) found.required(field);
  } else if (!isSimplePath(path)) found.invalid(field, path, 'must be a path without brackets');
  else if (!path.startsWith(prefix)) found.invalid(field, path, `must be below ${prefix.slice(0, -1)}`);
}

function validateColumn(column: CustomResourceColumnDefinition, path: string, found: Findings): void {
  if (column.name === '') found.required(`${path}.name`);
  if (column.type === '') found.required(`${path}.type`);
  else if (!COLUMN_TYPES.has(column.type)) found.invalid(`${path}.type`, column.type, `must be one of ${[...COLUMN_TYPES].join(', ')}`);
  if (column.format !== undefined && !COLUMN_FORMATS.has(column.format)) found.invalid(`${path}.format`, column.format, `must be one of ${[...COLUMN_FORMATS].join(', ')}`);
  if (column.jsonPath === '') found.required(`${path}.JSONPath`);
  else if (!isColumnPath(column.jsonPath)) found.invalid(`${path}.JSONPath`, column.jsonPath, 'must be a JSON path that begins with a dot');
}

function isColumnPath(path: string): boolean {
  if (!path.startsWith('.')) return false;
  return /^(\.{1,2}[A-Za-z0-9_\-*]*(\\.[A-Za-z0-9_\-/\\.]*)?|\[[^\]]*\])*$/.test(path);
}

function validateNames({ names }: CustomResourceDefinitionSpec, found: Findings): void {
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const value = names[field] ?? '';
    if (value === '') {
      found.required(`spec.names.${field}`);
      continue;
    }
    const shown = field === 'kind' || field === 'listKind' ? value.toLowerCase() : value;
    if (dns1035Label(shown).length > 0) found.invalid(`spec.names.${field}`, value, dns1035Label(shown).join('; '));
  }
  for (const field of ['shortNames', 'categories'] as const) names[field]?.forEach((name, i) => {
    if (dns1035Label(name).length > 0) found.invalid(`spec.names.${field}[${i}]`, name, dns1035Label(name).join('; '));
  });
  if (names.kind !== '' && names.kind === names.listKind) found.invalid('spec.names.listKind', names.listKind, 'must not be the kind');
}

function validateConversion(spec: CustomResourceDefinitionSpec, found: Findings): void {
  const conversion = spec.conversion;
  if (conversion === undefined) return;
  found.requiredEnum('spec.conversion.strategy', conversion.strategy, CONVERSIONS);
  if (conversion.strategy === 'Webhook') {
    if (conversion.webhook?.clientConfig === undefined) found.required('spec.conversion.webhookClientConfig');
    else validateWebhookClient(conversion.webhook.clientConfig, 'spec.conversion.webhookClientConfig', found);
    if ((conversion.webhook?.conversionReviewVersions?.length ?? 0) === 0) found.required('spec.conversion.conversionReviewVersions');
  } else if (conversion.webhook !== undefined) {
    if (conversion.webhook.clientConfig !== undefined) found.forbidden('spec.conversion.webhookClientConfig', 'goes with the strategy Webhook');
    if ((conversion.webhook.conversionReviewVersions?.length ?? 0) > 0) found.forbidden('spec.conversion.conversionReviewVersions', 'goes with the strategy Webhook');
  }
}

