import type { KeyToPath, Volume } from '../../../../../kubernetes/types.generated.ts';
import { nanosOf } from '../../../decode/quantity.ts';
import { configKey } from '../../../validation/config-key.ts';
import { dnsLabel, dnsSubdomain } from '../../../validation/dns-name.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { localNonReservedPath, withoutBacksteps } from '../../../validation/path.ts';
import { validateClaimTemplate } from '../persistent-volume-claim-spec.ts';
import { validateFieldRef, validateResourceFieldRef } from './validate-container.ts';
import { validateLabelSelector } from '../../../validation/label-selector.ts';

/** Volume name to the field of its source. */
export type VolumeKinds = ReadonlyMap<string, string>;

const HOST_PATH_TYPES = new Set(['', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice']);
const PULL_POLICIES = new Set(['Always', 'IfNotPresent', 'Never']);

export function validateVolumes(volumes: readonly Volume[] | undefined, path: string, found: Findings): VolumeKinds {
  const kinds = new Map<string, string>();
  volumes?.forEach((volume, i) => {
    const at = `${path}[${i}]`;
    const before = found.errors.length;
    validateSource(volume, at, found);
    const sourceIsGood = found.errors.length === before;
    let nameIsGood = true;
    if (volume.name === '') {
      found.required(`${at}.name`);
      nameIsGood = false;
    } else {
      const messages = dnsLabel(volume.name);
      found.eachInvalid(`${at}.name`, volume.name, messages);
      nameIsGood = messages.length === 0;
    }
    if (nameIsGood && kinds.has(volume.name)) {
      found.duplicate(`${at}.name`, volume.name);
      nameIsGood = false;
    }
    if (nameIsGood && sourceIsGood) kinds.set(volume.name, Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir');
  });
  return kinds;
}

const required = (value: string | undefined, path: string, found: Findings): void => {
  if (value === undefined || value === '') found.required(path);
};

type Source = Record<string, unknown>;
type Check = (source: never, path: string, found: Findings, volume: Volume) => void;

/** One check for each kind of source. A source not listed has none. */
const CHECKS: Partial<Record<keyof Volume, Check>> = {
  emptyDir(source: NonNullable<Volume['emptyDir']>, path, found) {
    if (source.sizeLimit !== undefined && nanosOf(source.sizeLimit) < 0n) found.forbidden(`${path}.sizeLimit`, 'must be 0 or more');
  },
  hostPath(source: NonNullable<Volume['hostPath']>, path, found) {
    required(source.path, `${path}.path`, found);
    if (source.path !== '') found.eachInvalid(`${path}.path`, source.path, withoutBacksteps(source.path));
    found.optionalEnum(`${path}.type`, source.type, HOST_PATH_TYPES);
  },
  gitRepo(source: NonNullable<Volume['gitRepo']>, path, found) {
    required(source.repository, `${path}.repository`, found);
    if (source.directory !== undefined) found.eachInvalid(`${path}.directory`, source.directory, localNonReservedPath(source.directory));
  },
  secret(source: NonNullable<Volume['secret']>, path, found) {
    required(source.secretName, `${path}.secretName`, found);
    validateMode(source.defaultMode, `${path}.defaultMode`, found);
    validateItems(source.items, path, found);
  },
  configMap(source: NonNullable<Volume['configMap']>, path, found) {
    required(source.name, `${path}.name`, found);
    validateMode(source.defaultMode, `${path}.defaultMode`, found);
    validateItems(source.items, path, found);
  },
  downwardAPI(source: NonNullable<Volume['downwardAPI']>, path, found) {
    validateMode(source.defaultMode, `${path}.defaultMode`, found);
    source.items?.forEach((item) => validateDownwardFile(item, path, found));
  },
  projected: validateProjected,
  persistentVolumeClaim(source: NonNullable<Volume['persistentVolumeClaim']>, path, found) {
    required(source.claimName, `${path}.claimName`, found);
  },
  ephemeral(source: NonNullable<Volume['ephemeral']>, path, found, volume) {
    if (source.volumeClaimTemplate === undefined) found.required(`${path}.volumeClaimTemplate`);
    else validateClaimTemplate(source.volumeClaimTemplate, `${path}.volumeClaimTemplate`, found);
    void volume;
  },
  nfs(source: NonNullable<Volume['nfs']>, path, found) {
    required(source.server, `${path}.server`, found);
    required(source.path, `${path}.path`, found);
    if (source.path !== '' && !source.path.startsWith('/')) found.invalid(`${path}.path`, source.path, 'must be an absolute path');
  },
  csi(source: NonNullable<Volume['csi']>, path, found) {
    validateDriverName(source.driver, `${path}.driver`, found);
    const ref = source.nodePublishSecretRef;
    if (ref !== undefined) required(ref.name, `${path}.nodePublishSecretRef.name`, found);
  },
  iscsi(source: NonNullable<Volume['iscsi']>, path, found) {
    required(source.targetPortal, `${path}.targetPortal`, found);
    if (source.iqn === '') found.required(`${path}.iqn`);
    else if (!/^(iqn|eui|naa)\./.test(source.iqn)) found.invalid(`${path}.iqn`, source.iqn, 'must begin with iqn, eui or naa');
    if (source.lun < 0 || source.lun > 255) found.invalid(`${path}.lun`, source.lun, 'must be from 0 to 255');
    if ((source.chapAuthDiscovery === true || source.chapAuthSession === true) && source.secretRef === undefined) found.required(`${path}.secretRef`);
  },
  fc(source: NonNullable<Volume['fc']>, path, found) {
    const targets = source.targetWWNs?.length ?? 0;
    const wwids = source.wwids?.length ?? 0;
    if (targets === 0 && wwids === 0) found.required(`${path}.targetWWNs`);
    if (targets > 0 && wwids > 0) found.invalid(`${path}.targetWWNs`, source.targetWWNs, 'excludes wwids');
    if (targets > 0 && wwids === 0) {
      if (source.lun === undefined) found.required(`${path}.lun`);
      else if (source.lun < 0 || source.lun > 255) found.invalid(`${path}.lun`, source.lun, 'must be from 0 to 255');
    }
  },
  cephfs(source: Source, path, found) {
    if (((source['monitors'] as unknown[] | null)?.length ?? 0) === 0) found.required(`${path}.monitors`);
  },
  rbd(source: Source, path, found) {
    if (((source['monitors'] as unknown[] | null)?.length ?? 0) === 0) found.required(`${path}.monitors`);
    required(source['image'] as string, `${path}.image`, found);
  },
  glusterfs(source: Source, path, found) {
    required(source['endpoints'] as string, `${path}.endpoints`, found);
    required(source['path'] as string, `${path}.path`, found);
  },
  cinder(source: Source, path, found) {
    required(source['volumeID'] as string, `${path}.volumeID`, found);
  },
  awsElasticBlockStore(source: { volumeID: string; partition?: number }, path: string, found: Findings) {
    required(source.volumeID, `${path}.volumeID`, found);
    if (source.partition !== undefined && (source.partition < 0 || source.partition > 255)) found.invalid(`${path}.partition`, source.partition, 'must be from 0 to 255');
  },
  gcePersistentDisk(source: { pdName: string; partition?: number }, path: string, found: Findings) {
    required(source.pdName, `${path}.pdName`, found);
    if (source.partition !== undefined && (source.partition < 0 || source.partition > 255)) found.invalid(`${path}.partition`, source.partition, 'must be from 0 to 255');
  },
  azureFile(source: Source, path, found) {
    required(source['secretName'] as string, `${path}.secretName`, found);
    required(source['shareName'] as string, `${path}.shareName`, found);
  },
  azureDisk(source: Source, path, found) {
    required(source['diskName'] as string, `${path}.diskName`, found);
    required(source['diskURI'] as string, `${path}.diskURI`, found);
  },
  flexVolume(source: Source, path, found) {
    required(source['driver'] as string, `${path}.driver`, found);
  },
  quobyte(source: Source, path, found) {
    required(source['registry'] as string, `${path}.registry`, found);
    required(source['volume'] as string, `${path}.volume`, found);
  },
  vsphereVolume(source: Source, path, found) {
    required(source['volumePath'] as string, `${path}.volumePath`, found);
  },
  portworxVolume(source: Source, path, found) {
    required(source['volumeID'] as string, `${path}.volumeID`, found);
  },
  photonPersistentDisk(source: Source, path, found) {
    required(source['pdID'] as string, `${path}.pdID`, found);
  },
  scaleIO(source: Source, path, found) {
    for (const field of ['gateway', 'system', 'volumeName'] as const) required(source[field] as string, `${path}.${field}`, found);
  },
  image(source: NonNullable<Volume['image']>, path, found) {
    required(source.reference, `${path}.reference`, found);
    found.optionalEnum(`${path}.pullPolicy`, source.pullPolicy, PULL_POLICIES);
  },
};

function validateSource(volume: Volume, path: string, found: Findings): void {
  let count = 0;
  for (const field in volume) {
    if (field === 'name') continue;
    count++;
    if (count > 1) {
      found.forbidden(`${path}.${field}`, 'a volume has one source');
      continue;
    }
    CHECKS[field as keyof Volume]?.(volume[field as keyof Volume] as never, `${path}.${field}`, found, volume);
  }
  if (count === 0) found.required(path, 'a volume needs a source');
}

/** Checks one source that pods and persistent volumes share. */
export function validateSharedSource(field: string, source: unknown, path: string, found: Findings): void {
  CHECKS[field as keyof Volume]?.(source as never, path, found, { name: '' });
}

export function validateDriverName(driver: string, path: string, found: Findings): void {
  if (driver === '') {
    found.required(path);
    return;
  }
  if (driver.length > 63) found.tooLong(path, 'must be at most 63 characters');
  found.eachInvalid(path, driver, dnsSubdomain(driver.toLowerCase()));
}

function validateMode(mode: number | undefined, path: string, found: Findings): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) found.invalid(path, mode, 'must be from 0 to 0777 (octal)');
}

function validateItems(items: readonly KeyToPath[] | undefined, path: string, found: Findings): void {
  items?.forEach((item, i) => validateKeyToPath(item, `${path}.items[${i}]`, found));
}

function validateKeyToPath(item: KeyToPath, path: string, found: Findings): void {
  if (item.key === '') found.required(`${path}.key`);
  else found.eachInvalid(`${path}.key`, item.key, configKey(item.key));
  if (item.path === '') found.required(`${path}.path`);
  else found.eachInvalid(`${path}.path`, item.path, localNonReservedPath(item.path));
  validateMode(item.mode, `${path}.mode`, found);
}

type DownwardFile = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

function validateDownwardFile(file: DownwardFile, path: string, found: Findings): void {
  if (file.path === '') found.required(`${path}.path`);
  else found.eachInvalid(`${path}.path`, file.path, localNonReservedPath(file.path));
  if (file.fieldRef !== undefined) {
    validateFieldRef(file.fieldRef, 'file', `${path}.fieldRef`, found);
    if (file.resourceFieldRef !== undefined) found.invalid(path, 'resource', 'one of fieldRef and resourceFieldRef may be given');
  } else if (file.resourceFieldRef !== undefined) validateResourceFieldRef(file.resourceFieldRef, true, `${path}.resourceFieldRef`, found);
  else found.required(path, 'fieldRef or resourceFieldRef is needed');
  validateMode(file.mode, `${path}.mode`, found);
}

function validateProjected(source: NonNullable<Volume['projected']>, path: string, found: Findings): void {
  validateMode(source.defaultMode, `${path}.defaultMode`, found);
  const paths = new Set<string>();
  const claim = (file: string, at: string): void => {
    if (file === '') return;
    if (paths.has(file)) found.invalid(at, file, 'two files have this path');
    paths.add(file);
  };
  source.sources?.forEach((part, i) => {
    const at = `${path}.sources[${i}]`;
    let count = 0;
    for (const field of ['secret', 'configMap'] as const) {
      const value = part[field];
      if (value === undefined) continue;
      count++;
      if (count > 1) found.forbidden(`${at}.${field}`, 'a source has one kind');
      required(value.name, `${at}.${field}.name`, found);
      validateItems(value.items, `${at}.${field}`, found);
      value.items?.forEach((item) => claim(item.path, path));
    }
    if (part.downwardAPI !== undefined) {
      count++;
      if (count > 1) found.forbidden(`${at}.downwardAPI`, 'a source has one kind');
      part.downwardAPI.items?.forEach((item) => {
        validateDownwardFile(item, `${at}.downwardAPI`, found);
        claim(item.path, path);
      });
    }
    const token = part.serviceAccountToken;
    if (token !== undefined) {
      count++;
      if (count > 1) found.forbidden(`${at}.serviceAccountToken`, 'a source has one kind');
      const seconds = token.expirationSeconds ?? 0;
      if (seconds < 600) found.invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, 'must be 600 or more');
      if (seconds > 2 ** 32) found.invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, 'must be at most 2^32');
      if (token.path === '') found.required(`${path}.path`);
      else found.eachInvalid(`${at}.serviceAccountToken.path`, token.path, localNonReservedPath(token.path));
      claim(token.path, path);
    }
    const bundle = part.clusterTrustBundle;
    if (bundle !== undefined) {
      count++;
      if (bundle.signerName !== undefined && bundle.name !== undefined) found.invalid(`${at}.clusterTrustBundle`, bundle, 'one of name and signerName may be given');
      else if (bundle.signerName === undefined && bundle.name === undefined) found.required(`${at}.clusterTrustBundle`, 'name or signerName is needed');
      validateLabelSelector(bundle.labelSelector, `${at}.clusterTrustBundle.labelSelector`, found);
      if (bundle.path === '') found.required(`${at}.clusterTrustBundle.path`);
      claim(bundle.path, path);
    }
    if (part.podCertificate !== undefined) count++;
    if (count === 0) found.required(at, 'a source is needed');
  });
}
