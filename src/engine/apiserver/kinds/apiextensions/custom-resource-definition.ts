import type { CustomResourceDefinitionNames, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion } from '../../../../kubernetes/types.generated.ts';
import { dns1035Label, dnsSubdomain, type NameCheck } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateObjectMeta } from '../../validation/object-meta.ts';
import type { KindRules } from '../built-in-kind.ts';
import type { KindObject } from '../strategy.ts';
import { validateConversion } from './definition-conversion.ts';
import { validateVersions } from './definition-versions.ts';
import { unknownFormats } from './string-formats.ts';

const SCOPES = new Set(['Cluster', 'Namespaced']);
const PROTECTED_GROUP = /(^|\.)(k8s|kubernetes)\.io$/;
const APPROVAL = 'api-approved.kubernetes.io';

/** The version that objects are stored in from now on joins those that they may be stored in. */
function addStoredVersion(object: KindObject): void {
  const version = ((object['spec'] as CustomResourceDefinitionSpec).versions ?? []).find((v) => v.storage)?.name;
  const stored: string[] = object['status']?.storedVersions ?? [];
  if (version !== undefined && !stored.includes(version)) object['status'] = { ...object['status'], storedVersions: [...stored, version] };
}

export const customResourceDefinition: KindRules = {
  group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition', namespaced: false, needsResourceVersion: true, anyFinalizer: true, generation: true, statusKeepsMetadata: true,
  default(object) {
    const spec = object['spec'] as CustomResourceDefinitionSpec;
    if (spec.names.singular === undefined && spec.names.kind !== '') spec.names.singular = spec.names.kind.toLowerCase();
    if (spec.names.listKind === undefined && spec.names.kind !== '') spec.names.listKind = `${spec.names.kind}List`;
    spec.conversion ??= { strategy: 'None' };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service !== undefined) service.port ??= 443;
  },
  prepare(object) {
    object['status'] = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: [] };
    addStoredVersion(object);
  },
  prepareUpdate: addStoredVersion,
  warnings(object, old) {
    const before = old === undefined ? new Set() : unknownFormats(old['spec']);
    return [...unknownFormats(object['spec'])].filter((format) => !before.has(format)).map((format) => `the format ${JSON.stringify(format)} is not known, and not checked`);
  },
  validateMetadata(object, found) {
    const spec = object['spec'] as CustomResourceDefinitionSpec;
    const required = `${spec.names.plural}.${spec.group}`;
    const name: NameCheck = (text) => {
      return [...dnsSubdomain(text), ...(text === required ? [] : [`must be ${required}, the plural and the group`])];
    };
    validateObjectMeta(object.metadata, { name, namespaced: false, anyFinalizer: true }, 'metadata', found);
    validateApproval(object, undefined, found);
  },
  validate(object, found) {
    const spec = object['spec'] as CustomResourceDefinitionSpec;
    validateSpec(spec, found);
    validateStored(object['status']?.storedVersions ?? [], spec.versions ?? [], found);
  },
  validateUpdate(object, old, found) {
    validateApproval(object, old, found);
    found.immutable('spec.group', object['spec'].group, old['spec'].group);
    found.immutable('spec.names.plural', object['spec'].names.plural, old['spec'].names.plural);
    const established = (old['status']?.conditions as { type: string; status: string }[] | null | undefined)?.some((c) => c.type === 'Established' && c.status === 'True') === true;
    if (!established) return;
    found.immutable('spec.scope', object['spec'].scope, old['spec'].scope);
    found.immutable('spec.names.kind', object['spec'].names.kind, old['spec'].names.kind);
  },
};

function validateSpec(spec: CustomResourceDefinitionSpec, found: Findings): void {
  if (spec.group === '') found.required('spec.group');
  else if (dnsSubdomain(spec.group).length > 0) found.invalid('spec.group', spec.group, dnsSubdomain(spec.group).join('; '));
  else if (!spec.group.includes('.')) found.invalid('spec.group', spec.group, 'must be a domain with a dot');
  found.requiredEnum('spec.scope', spec.scope, SCOPES);
  if (spec.preserveUnknownFields === true) found.invalid('spec.preserveUnknownFields', true, 'cannot be true');
  validateVersions(spec, found);
  validateNames(spec.names, found);
  if (spec.conversion !== undefined) validateConversion(spec.conversion, 'spec.conversion', found);
}

function validateNames(names: CustomResourceDefinitionNames, found: Findings): void {
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

/** Versions that objects may be stored in. One that is gone from the spec may still be in the store. */
function validateStored(stored: readonly string[], versions: readonly CustomResourceDefinitionVersion[], found: Findings): void {
  if (stored.length === 0) found.invalid('status.storedVersions', stored, 'at least one is needed');
  const open = new Set(stored);
  for (const version of versions) {
    if (stored.length > 0 && version.storage && !open.has(version.name)) found.invalid('status.storedVersions', stored, `must have ${version.name}`);
    open.delete(version.name);
  }
  for (const name of open) found.invalid(`status.storedVersions[${stored.indexOf(name)}]`, name, 'must stay among the versions until no object is stored in it');
}

type ApprovalState = 'missing' | 'given' | 'wrong';

function approvalOf(object: KindObject): ApprovalState {
  const text = object.metadata.annotations?.[APPROVAL] ?? '';
  if (text === '') return 'missing';
  return text.startsWith('unapproved') || /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]+/.test(text) ? 'given' : 'wrong';
}

/** Groups of the Kubernetes community say where they were approved. A state that was there before may stay. */
function validateApproval(object: KindObject, old: KindObject | undefined, found: Findings): void {
  if (!PROTECTED_GROUP.test((object['spec'] as CustomResourceDefinitionSpec).group)) return;
  const state = approvalOf(object);
  if (old !== undefined && approvalOf(old) === state) return;
  const at = `metadata.annotations[${APPROVAL}]`;
  if (state === 'missing') found.required(at, 'this group is protected');
  else if (state === 'wrong') found.invalid(at, object.metadata.annotations?.[APPROVAL], 'must be a URL or begin with unapproved');
}
