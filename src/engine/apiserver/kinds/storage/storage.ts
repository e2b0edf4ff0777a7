import { equal } from '../../patch/json.ts';
import type { CSIDriverSpec, CSINodeSpec, PersistentVolumeSpec, StorageClass, VolumeAttachmentSpec } from '../../../../kubernetes/types.generated.ts';
import { nanosOf } from '../../decode/quantity.ts';
import { dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { qualifiedName } from '../../validation/label.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import type { KindRules } from '../built-in-kind.ts';
import { validateVolumeSpec } from '../core/storage.ts';
import { defaultSource } from '../core/pod/volume-defaults.ts';
import { validateDriverName } from '../core/pod/volume-sources.ts';

const GROUP = 'storage.k8s.io';
const RECLAIM_POLICIES = new Set(['Delete', 'Retain']);
const BINDING_MODES = new Set(['Immediate', 'WaitForFirstConsumer']);
const FS_GROUP_POLICIES = new Set(['File', 'None', 'ReadWriteOnceWithFSType']);
const LIFECYCLE_MODES = new Set(['Ephemeral', 'Persistent']);
const CLASS_PROTECTION = 'kubernetes.io/vac-protection';
const MIN_UPDATE_SECONDS = 10;
const MAX_NODE_ID = 256;
const MAX_PARAMETERS = 512;
const MAX_PARAMETER_BYTES = 256 * 1024;

function validateParameters(parameters: Record<string, string> | undefined, path: string, found: Findings, emptyAllowed: boolean): void {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > MAX_PARAMETERS) found.tooLong(path, `must be at most ${MAX_PARAMETERS}`);
  let size = 0;
  for (const [key, value] of entries) {
    if (key === '') found.invalid(path, key, 'a name must not be empty');
    size += key.length + value.length;
  }
  if (size > MAX_PARAMETER_BYTES) found.tooLong(path, `must be at most ${MAX_PARAMETER_BYTES} bytes`);
  if (!emptyAllowed && entries.length === 0) found.required(path, 'at least one is needed');
}

export const storageClass: KindRules = {
  group: GROUP, version: 'v1', kind: 'StorageClass', namespaced: false,
  default(object) {
    object['reclaimPolicy'] ??= 'Delete';
    object['volumeBindingMode'] ??= 'Immediate';
  },
  validate(object, found) {
    const spec = object as unknown as StorageClass;
    if (spec.provisioner === '') found.required('provisioner');
    else found.eachInvalid('provisioner', spec.provisioner, qualifiedName(spec.provisioner.toLowerCase()));
    validateParameters(spec.parameters, 'parameters', found, true);
    if ((spec.reclaimPolicy as string) !== '') found.optionalEnum('reclaimPolicy', spec.reclaimPolicy, RECLAIM_POLICIES);
    validateTopologies(spec, found);
    if (spec.volumeBindingMode === undefined) found.required('volumeBindingMode');
    else found.optionalEnum('volumeBindingMode', spec.volumeBindingMode, BINDING_MODES);
  },
  validateUpdate(object, old, found) {
    for (const field of ['parameters', 'provisioner', 'reclaimPolicy']) if (JSON.stringify(object[field]) !== JSON.stringify(old[field])) found.forbidden(field, 'cannot be changed');
    found.immutable('volumeBindingMode', object['volumeBindingMode'], old['volumeBindingMode']);
  },
};

function validateTopologies({ allowedTopologies }: StorageClass, found: Findings): void {
  const seen = new Set<string>();
  allowedTopologies?.forEach((term, i) => {
    const at = `allowedTopologies[${i}].matchLabelExpressions`;
    const keys = new Set<string>();
    if ((term.matchLabelExpressions?.length ?? 0) === 0) found.duplicate(at, '');
    term.matchLabelExpressions?.forEach((expression, j) => {
      found.eachInvalid(`${at}[${j}].key`, expression.key, qualifiedName(expression.key));
      if (keys.has(expression.key)) found.duplicate(`${at}[${j}].key`, expression.key);
      keys.add(expression.key);
      const values = expression.values ?? [];
      if (values.length === 0) found.required(`${at}[${j}].values`);
      values.forEach((value, k) => {
        if (values.indexOf(value) < k) found.duplicate(`${at}[${j}].values[${k}]`, value);
      });
    });
    const whole = JSON.stringify(term);
    if (seen.has(whole)) found.duplicate(at, '');
    seen.add(whole);
  });
}

export const volumeAttachment: KindRules = {
  group: GROUP, version: 'v1', kind: 'VolumeAttachment', namespaced: false, statusKeepsMetadata: true, needsResourceVersion: true,
  default(object) {
    const inline = object['spec'].source?.inlineVolumeSpec;
    if (inline !== undefined) defaultSource(inline);
  },
  validate(object, found) {
    const spec = object['spec'] as VolumeAttachmentSpec;
    if (spec.attacher === '') found.required('spec.attacher');
    const { inlineVolumeSpec, persistentVolumeName } = spec.source as { inlineVolumeSpec?: PersistentVolumeSpec; persistentVolumeName?: string };
    if (inlineVolumeSpec === undefined && persistentVolumeName === undefined) found.required('spec.source', 'persistentVolumeName or inlineVolumeSpec is needed');
    else if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined) found.forbidden('spec.source', 'one of persistentVolumeName and inlineVolumeSpec may be given');
    else if (persistentVolumeName === '') found.required('spec.source.persistentVolumeName');
    if (inlineVolumeSpec !== undefined && persistentVolumeName === undefined) validateVolumeSpec(inlineVolumeSpec, 'spec.source.inlineVolumeSpec', found, true, '');
    found.eachInvalid('spec.nodeName', spec.nodeName, dnsSubdomain(spec.nodeName));
    validateDriverName(spec.attacher, 'spec.attacher', found);
    if (persistentVolumeName !== undefined) found.eachInvalid('spec.source.persistentVolumeName', persistentVolumeName, dnsSubdomain(persistentVolumeName));
  },
  validateUpdate(object, old, found) {
    found.immutable('spec', object['spec'], old['spec']);
  },
};

export const csiDriver: KindRules = {
  group: GROUP, version: 'v1', kind: 'CSIDriver', namespaced: false, needsResourceVersion: true,
  validateUpdate(object, old, found) {
    found.immutable('spec.volumeLifecycleModes', object['spec'].volumeLifecycleModes, old['spec'].volumeLifecycleModes);
    if (object['spec'].attachRequired !== old['spec'].attachRequired) found.invalid('spec.attachedRequired', object['spec'].attachRequired, 'cannot be changed');
  },
  prepareUpdate(object, old) {
    // Counted from the first change on, not from the creation.
    if (JSON.stringify(object['spec']) !== JSON.stringify(old['spec'])) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  keepsGeneration: true,
  warnings: (object) => ((object['spec'].tokenRequests?.length ?? 0) > 0 && object['spec'].serviceAccountTokenInSecrets === undefined ? ['spec.tokenRequests: tokens stand in the volume context unless serviceAccountTokenInSecrets is true'] : []),
  default(object) {
    const spec = object['spec'] as CSIDriverSpec;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if ((spec.volumeLifecycleModes?.length ?? 0) === 0) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  validate(object, found) {
    const spec = object['spec'] as CSIDriverSpec;
    found.optionalEnum('spec.fsGroupPolicy', spec.fsGroupPolicy, FS_GROUP_POLICIES);
    const audiences = new Set<string>();
    spec.tokenRequests?.forEach((request, i) => {
      const at = `spec.tokenRequests[${i}]`;
      if (audiences.has(request.audience)) found.duplicate(`${at}.audience`, request.audience);
      audiences.add(request.audience);
      if (request.expirationSeconds !== undefined && (request.expirationSeconds < 600 || request.expirationSeconds > 2 ** 32)) found.invalid(`${at}.expirationSeconds`, request.expirationSeconds, 'must be from 600 to 2^32');
    });
    const period = spec.nodeAllocatableUpdatePeriodSeconds;
    if (period !== undefined && period < MIN_UPDATE_SECONDS) found.invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, `must be ${MIN_UPDATE_SECONDS} or more`);
    if (spec.serviceAccountTokenInSecrets !== undefined && (spec.tokenRequests?.length ?? 0) === 0) found.invalid('spec.serviceAccountTokenInSecrets', spec.serviceAccountTokenInSecrets, 'needs tokenRequests');
    for (const mode of spec.volumeLifecycleModes ?? []) if (!LIFECYCLE_MODES.has(mode)) found.notSupported('spec.volumeLifecycleModes', mode, LIFECYCLE_MODES);
  },
};

export const csiNode: KindRules = {
  group: GROUP, version: 'v1', kind: 'CSINode', namespaced: false, needsResourceVersion: true,
  default(object) {
    for (const driver of (object['spec'] as CSINodeSpec).drivers ?? []) if (driver.topologyKeys?.length === 0) driver.topologyKeys = null as never;
  },
  validate(object, found) {
    const names = new Set<string>();
    (object['spec'] as CSINodeSpec).drivers?.forEach((driver, i) => {
      const at = `spec.drivers[${i}]`;
      validateDriverName(driver.name, `${at}.name`, found);
      if (driver.nodeID === '') found.required(`${at}.nodeID`);
      else if (driver.nodeID.length > MAX_NODE_ID) found.invalid(`${at}.nodeID`, driver.nodeID, `must be at most ${MAX_NODE_ID} characters`);
      const keys = driver.topologyKeys ?? [];
      keys.forEach((key, j) => {
        if (key === '') found.required(at, 'a topology key must not be empty');
        if (keys.indexOf(key) < j) found.duplicate(at, key);
        found.eachInvalid(at, key, qualifiedName(key));
      });
      if (driver.allocatable?.count !== undefined && driver.allocatable.count < 0) found.invalid(`${at}.allocatable.count`, driver.allocatable.count, 'must be 0 or more');
      if (names.has(driver.name)) found.duplicate(`${at}.name`, driver.name);
      names.add(driver.name);
    });
  },
  validateUpdate(object, old, found) {
    for (const driver of (object['spec'] as CSINodeSpec).drivers ?? []) {
      const before = (old['spec'] as CSINodeSpec).drivers?.find(({ name }) => name === driver.name);
      if (before !== undefined) found.immutable('spec.drivers', { ...driver, allocatable: undefined }, { ...before, allocatable: undefined });
    }
  },
};

export const csiStorageCapacity: KindRules = {
  group: GROUP, version: 'v1', kind: 'CSIStorageCapacity', namespaced: true, needsResourceVersion: true,
  validate(object, found) {
    const name = object['storageClassName'] as string;
    found.eachInvalid('storageClassName', name, dnsSubdomain(name));
    for (const field of ['capacity']) {
      const value = object[field] as string | undefined;
      if (value !== undefined && nanosOf(value) < 0n) found.invalid(field, value, 'must be 0 or more');
    }
    validateLabelSelector(object['nodeTopology'], 'nodeTopology', found);
  },
  validateUpdate(object, old, found) {
    for (const field of ['nodeTopology', 'storageClassName'] as const) found.immutable(field, object[field], old[field]);
  },
};

export const volumeAttributesClass: KindRules = {
  group: GROUP, version: 'v1', kind: 'VolumeAttributesClass', namespaced: false,
  prepare({ metadata }) {
    metadata.finalizers ??= [];
    if (!metadata.finalizers.includes(CLASS_PROTECTION)) metadata.finalizers.push(CLASS_PROTECTION);
  },
  validate(object, found) {
    const driver = object['driverName'] as string;
    if (driver === '') found.required('driverName');
    else found.eachInvalid('driverName', driver, qualifiedName(driver.toLowerCase()));
    validateParameters(object['parameters'] as Record<string, string> | undefined, 'parameters', found, false);
  },
  validateUpdate(object, old, found) {
    for (const field of ['driverName', 'parameters'] as const) if (!equal(object[field], old[field])) found.forbidden(field, 'cannot be changed');
  },
};
