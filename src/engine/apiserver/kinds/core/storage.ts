import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { PersistentVolumeClaimSpec, PersistentVolumeSpec } from '../../../../kubernetes/types.generated.ts';
import { hasFraction, nanosOf } from '../../decode/quantity.ts';
import { dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import type { KindRules } from '../built-in-kind.ts';
import { validateAccessModes, validateClaimSpec, VOLUME_MODES } from './persistent-volume-claim-spec.ts';
import { roundList } from './pod/defaults.ts';
import { defaultClaimSpec, defaultSource } from './pod/volume-defaults.ts';
import { validateNodeSelector } from './pod/validate-scheduling.ts';
import { validatePersistentSources } from './pod/validate-volume.ts';
import { PERSISTENT_SOURCE_ORDER } from './pod/volume-sources.ts';

/** Beyond it a whole number does not fit 64 bits, and counts as negative. */
const MAX_AMOUNT = (2n ** 63n - 1n) * 1_000_000_000n;
const RECLAIM_POLICIES = new Set(['Delete', 'Recycle', 'Retain']);
const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';
const NOT_SOURCES = new Set(['accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity', 'persistentVolumeReclaimPolicy', 'storageClassName', 'volumeAttributesClassName', 'volumeMode']);

export const persistentVolumeClaim: KindRules = {
  group: '', version: 'v1', kind: 'PersistentVolumeClaim', namespaced: true,
  default(object) {
    defaultClaimSpec(object['spec'] as PersistentVolumeClaimSpec);
    (object['status'] ??= {}).phase ??= 'Pending';
  },
  prepare(object) {
    object['status'] = { phase: 'Pending' };
    addFinalizer(object.metadata, CLAIM_PROTECTION);
    fillSources(object['spec'] as PersistentVolumeClaimSpec);
  },
  prepareUpdate: (object, old) => fillSources(object['spec'] as PersistentVolumeClaimSpec, old['spec'] as PersistentVolumeClaimSpec),
  warnings(object) {
    const { resources } = object['spec'] as PersistentVolumeClaimSpec;
    return (['requests', 'limits'] as const).filter((list) => hasFraction(resources?.[list]?.['storage'])).map((list) => `spec.resources.${list}[storage]: is no whole number of bytes`);
  },
  validate: (object, found) => validateClaimSpec(object['spec'] as PersistentVolumeClaimSpec, 'spec', found),
  validateUpdate(object, old, found) {
    const fixed = (spec: PersistentVolumeClaimSpec): object => ({ ...spec, resources: { ...spec.resources, requests: { ...spec.resources?.requests, storage: undefined } }, volumeAttributesClassName: undefined, volumeName: undefined });
    const spec = object['spec'] as PersistentVolumeClaimSpec, before = old['spec'] as PersistentVolumeClaimSpec;
    if (!isDeepStrictEqual(fixed(spec), fixed(before)) || (before.volumeName !== undefined && spec.volumeName !== before.volumeName)) found.forbidden('spec', 'only resources.requests can be changed once a claim exists');
    const resized = nanosOf(spec.resources?.requests?.['storage']) !== nanosOf(before.resources?.requests?.['storage']);
    if (resized && old['status']?.phase !== 'Bound') found.forbidden('spec', 'a claim is resized only once it is bound');
    const [wanted, was, has] = [spec.resources?.requests?.['storage'], before.resources?.requests?.['storage'], old['status']?.capacity?.['storage'] ?? '0'].map((amount) => nanosOf(amount));
    // A growth that failed may be taken back, down to what is there.
    if (wanted! < was! && wanted! <= has!) found.forbidden('spec.resources.requests.storage', `must be more than the claim has`);
    found.immutable('volumeMode', spec.volumeMode, before.volumeMode);
  },
};

export const persistentVolume: KindRules = {
  group: '', version: 'v1', kind: 'PersistentVolume', namespaced: false,
  default(object) {
    const spec = object['spec'] as PersistentVolumeSpec;
    spec.persistentVolumeReclaimPolicy ??= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (spec.capacity !== undefined) roundList(spec.capacity);
    defaultSource(spec as never);
    (object['status'] ??= {}).phase ??= 'Pending';
  },
  prepare(object) {
    object['status'] = { phase: 'Pending' };
    addFinalizer(object.metadata, VOLUME_PROTECTION);
  },
  warnings: (object) => volumeWarnings(object['spec'] as PersistentVolumeSpec, object.metadata.annotations),
  validate: (object, found) => validateVolumeSpec(object['spec'] as PersistentVolumeSpec, 'spec', found, false, object.metadata.name ?? ''),
  validateUpdate(object, old, found) {
    const source = (spec: object): object => Object.fromEntries(Object.entries(spec).filter(([field]) => !NOT_SOURCES.has(field)));
    if (!isDeepStrictEqual(source(object['spec']), source(old['spec']))) found.forbidden('spec.persistentvolumesource', 'cannot be changed');
    found.immutable('volumeMode', object['spec'].volumeMode, old['spec'].volumeMode);
    if (old['spec'].nodeAffinity !== undefined) found.immutable('nodeAffinity', object['spec'].nodeAffinity, old['spec'].nodeAffinity);
  },
};

/** What an inline volume must not say; of some fields only the value that is meant anyway. */
const NOT_INLINE: readonly [keyof PersistentVolumeSpec, string?][] = [['capacity'], ['claimRef'], ['persistentVolumeReclaimPolicy', 'Retain'], ['nodeAffinity'], ['storageClassName'], ['volumeMode', 'Filesystem']];

/** The spec of a volume, or one that stands in a VolumeAttachment: that one is of the kind csi and has no life of its own. */
export function validateVolumeSpec(spec: PersistentVolumeSpec, path: string, found: Findings, inline: boolean, name: string): void {
  if (inline) {
    for (const [field, allowed] of NOT_INLINE) if (spec[field] !== undefined && spec[field] !== allowed) found.forbidden(`${path}.${field}`, 'an inline volume has none');
    if (spec.csi === undefined) found.required(`${path}.csi`);
  }
  if ((spec.accessModes?.length ?? 0) === 0) found.required(`${path}.accessModes`);
  validateAccessModes(spec.accessModes ?? [], `${path}.accessModes`, found);
  const capacity = spec.capacity ?? {};
  if (!inline) {
  if (Object.keys(capacity).length === 0) found.required(`${path}.capacity`);
  if (capacity['storage'] === undefined || Object.keys(capacity).length > 1) found.notSupported(`${path}.capacity`, capacity, ['storage']);
  for (const name in capacity) {
    if (nanosOf(capacity[name]) < 0n || nanosOf(capacity[name]) > MAX_AMOUNT) found.invalid(`${path}.capacity[${name}]`, capacity[name], 'must be 0 or more');
    if (nanosOf(capacity[name]) <= 0n) found.invalid(`${path}.capacity[${name}]`, capacity[name], 'must be more than 0');
  }
  }
  if (!inline) found.optionalEnum(`${path}.persistentVolumeReclaimPolicy`, spec.persistentVolumeReclaimPolicy, RECLAIM_POLICIES);
  if (!inline && spec.nodeAffinity !== undefined) {
    if (spec.nodeAffinity.required === undefined) found.required(`${path}.nodeAffinity.required`);
    else validateNodeSelector(spec.nodeAffinity.required, `${path}.nodeAffinity.required`, found);
  }
  const sources = validatePersistentSources(spec, path, found, name);
  const isFirst = PERSISTENT_SOURCE_ORDER.find((field) => (spec as Record<string, unknown>)[field] !== undefined) === 'local';
  if (isFirst && spec.nodeAffinity === undefined) found.required(`${path}.nodeAffinity`, 'a local volume needs it');
  if (sources === 0) found.required(path, 'a source is needed');
  if (spec.hostPath !== undefined && posix.normalize(spec.hostPath.path) === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle') found.forbidden(`${path}.persistentVolumeReclaimPolicy`, "the root folder cannot be recycled");
  if (!inline && spec.storageClassName !== undefined) found.eachInvalid(`${path}.storageClassName`, spec.storageClassName, dnsSubdomain(spec.storageClassName));
  if (!inline) found.optionalEnum(`${path}.volumeMode`, spec.volumeMode, VOLUME_MODES);
  const attributes = spec.volumeAttributesClassName;
  if (attributes === undefined) return;
  if (attributes === '') found.required(`${path}.volumeAttributesClassName`);
  else found.eachInvalid(`${path}.volumeAttributesClassName`, attributes, dnsSubdomain(attributes));
  if (spec.csi === undefined) found.required(`${path}.csi`, 'is needed with volumeAttributesClassName');
}

const GONE_SOURCES = ['cephfs', 'photonPersistentDisk', 'scaleIO', 'storageos', 'glusterfs', 'rbd'] as const;

function volumeWarnings(spec: PersistentVolumeSpec, annotations: Record<string, string> = {}): string[] {
  const warnings: string[] = [];
  for (const [key, field] of [['storage-class', 'storageClassName'], ['mount-options', 'mountOptions']] as const) {
    if (annotations[`volume.beta.kubernetes.io/${key}`] !== undefined) warnings.push(`metadata.annotations[volume.beta.kubernetes.io/${key}]: use ${field}`);
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') warnings.push('spec.persistentVolumeReclaimPolicy: Recycle is deprecated');
  for (const source of GONE_SOURCES) if (spec[source] !== undefined) warnings.push(`spec.${source}: this kind of volume is no longer supported`);
  return warnings;
}

/** Lets the two fields say the same. @param old absent on create; a source that it has is good for an update */
function fillSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec = {}): void {
  // A source in another namespace is a feature that is off by default.
  if ((spec.dataSourceRef?.namespace ?? '') !== '') delete spec.dataSourceRef;
  const had = old.dataSource !== undefined || old.dataSourceRef !== undefined;
  if (!had && spec.dataSource !== undefined && spec.dataSourceRef === undefined && !isKnownSource(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSource !== undefined && spec.dataSourceRef === undefined) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef !== undefined && spec.dataSource === undefined) {
    const { namespace: _, ...source } = spec.dataSourceRef;
    spec.dataSource = source;
  }
}

/** Other sources stand in dataSourceRef; here they are dropped, as ever. */
function isKnownSource({ apiGroup, kind }: { apiGroup?: string | null; kind: string }): boolean {
  return (kind === 'PersistentVolumeClaim' && (apiGroup ?? '') === '') || (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io');
}

function addFinalizer(metadata: { finalizers?: string[] }, finalizer: string): void {
  const finalizers = (metadata.finalizers ??= []);
  if (!finalizers.includes(finalizer)) finalizers.push(finalizer);
}
