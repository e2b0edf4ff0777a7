import { isDeepStrictEqual } from 'node:util';
import type { ObjectMeta } from '../../../kubernetes/types.generated.ts';
import type { NameCheck } from './dns-name.ts';
import { dnsLabel, prefixOf } from './dns-name.ts';
import type { Findings } from './field-error.ts';
import { qualifiedName, validateAnnotations, validateLabels } from './label.ts';

const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

export interface ObjectMetaRules {
  readonly name: NameCheck;
  readonly namespaced: boolean;
  /** Kinds outside the core rules take a finalizer without a domain. */
  readonly anyFinalizer?: boolean;
  /** Only the name that comes of it is looked at. */
  readonly anyGenerateName?: boolean;
}

/** Metadata on create. */
export function validateObjectMeta(metadata: ObjectMeta, rules: ObjectMetaRules, path: string, found: Findings): void {
  if (metadata.generateName !== undefined && rules.anyGenerateName !== true) found.eachInvalid(`${path}.generateName`, metadata.generateName, prefixOf(rules.name)(metadata.generateName));
  if (metadata.name === undefined) found.required(`${path}.name`, 'name or generateName is needed');
  else found.eachInvalid(`${path}.name`, metadata.name, rules.name(metadata.name));
  if (rules.namespaced) {
    if (metadata.namespace === undefined) found.required(`${path}.namespace`);
    else found.eachInvalid(`${path}.namespace`, metadata.namespace, dnsLabel(metadata.namespace));
  } else if (metadata.namespace !== undefined) found.forbidden(`${path}.namespace`, 'this kind is not in a namespace');
  found.nonNegative(`${path}.generation`, metadata.generation);
  validateLabels(metadata.labels, `${path}.labels`, found);
  validateAnnotations(metadata.annotations, `${path}.annotations`, found);
  validateOwners(metadata, `${path}.ownerReferences`, found);
  validateFinalizers(metadata.finalizers, path, rules.anyFinalizer === true, found);
}

/** Metadata of what a template makes: labels and annotations, and nothing else. */
export function validateTemplateMeta(metadata: ObjectMeta | undefined, path: string, found: Findings): void {
  validateAnnotations(metadata?.annotations, `${path}.annotations`, found);
  validateLabels(metadata?.labels, `${path}.labels`, found);
  for (const [field, value] of Object.entries(metadata ?? {})) {
    if (field !== 'annotations' && field !== 'labels' && value !== null) found.forbidden(`${path}.${field === 'uid' ? 'uID' : field}`, 'a template says nothing of it');
  }
}

function validateOwners(metadata: ObjectMeta, path: string, found: Findings): void {
  let controllers = 0;
  metadata.ownerReferences?.forEach((owner) => {
    const at = path;
    if (!/^(?:[^/]*\/)?[^/]+$/.test(owner.apiVersion)) found.invalid(`${at}.apiVersion`, owner.apiVersion, 'must be a version, or a group and a version');
    if (owner.kind === '') found.invalid(`${at}.kind`, owner.kind, 'must not be empty');
    if (owner.name === '') found.invalid(`${at}.name`, owner.name, 'must not be empty');
    if (owner.uid === '') found.invalid(`${at}.uid`, owner.uid, 'must not be empty');
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') found.invalid(at, owner, 'an Event may not own');
    if (owner.controller === true) controllers++;
  });
  if (controllers > 1) found.invalid(path, metadata.ownerReferences, 'at most one owner may be the controller');
}

function validateFinalizers(finalizers: readonly string[] | undefined, path: string, any: boolean, found: Findings): void {
  if (finalizers === undefined) return;
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) found.invalid(`${path}.finalizers`, finalizers, 'orphan and foregroundDeletion exclude each other');
  finalizers.forEach((finalizer, i) => {
    const messages = qualifiedName(finalizer);
    found.eachInvalid(`${path}.finalizers`, finalizer, messages);
    if (!any && !finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
      found.invalid(`${path}.finalizers[${i}]`, finalizer, 'must be a standard finalizer or have a domain, such as example.com/done');
    }
  });
}

/** Metadata on update: what identifies an object stays. */
export function validateObjectMetaUpdate(metadata: ObjectMeta, old: ObjectMeta, path: string, found: Findings, anyFinalizer: boolean): void {
  found.nonNegative(`${path}.generation`, metadata.generation);
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) found.invalid(`${path}.generation`, metadata.generation, 'must not go down');
  if (old.deletionTimestamp != null) {
    const added = metadata.finalizers?.filter((f) => !(old.finalizers ?? []).includes(f)) ?? [];
    if (added.length > 0) found.forbidden(`${path}.finalizers`, `none may be added while the object is being deleted: ${added.join(', ')}`);
  }
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    found.immutable(`${path}.${field}`, metadata[field] ?? undefined, old[field] ?? undefined);
  }
  validateLabels(metadata.labels, `${path}.labels`, found);
  validateAnnotations(metadata.annotations, `${path}.annotations`, found);
  validateOwners(metadata, `${path}.ownerReferences`, found);
  validateFinalizers(metadata.finalizers, path, anyFinalizer, found);
}

/** Drops owners that are listed twice, as Kubernetes does for old clients; gives the warning that goes with it. */
export function dropDoubledOwners(metadata: ObjectMeta): string[] {
  const owners = metadata.ownerReferences;
  if (owners === undefined || owners.length < 2) return [];
  const kept: typeof owners = [];
  for (const owner of owners) if (!kept.some((other) => isDeepStrictEqual(other, owner))) kept.push(owner);
  if (kept.length === owners.length) return [];
  metadata.ownerReferences = kept;
  return ['metadata.ownerReferences: the same owner is there twice, and was taken once'];
}
