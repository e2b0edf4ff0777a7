import type { KeyToPath, Volume } from '../../../../../kubernetes/types.generated.ts';
import { nanosOf } from '../../../decode/quantity.ts';
import { dnsLabel, dnsSubdomain } from '../../../validation/dns-name.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { localNonReservedPath, localPath, withoutBacksteps } from '../../../validation/path.ts';
import { validateClaimTemplate } from '../persistent-volume-claim-spec.ts';
import { validateFieldRef, validateResourceFieldRef } from './field-reference.ts';

type Source = Record<string, unknown>;
type SourceCheck = (source: never, path: string, found: Findings, holder: string) => void;
type Reference = { name?: string; namespace?: string } | undefined;

const HOST_PATH_TYPES = new Set(['', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice']);
const PULL_POLICIES = new Set(['Always', 'IfNotPresent', 'Never']);
const CACHING_MODES = new Set(['None', 'ReadOnly', 'ReadWrite']);
const DISK_KINDS = new Set(['Shared', 'Dedicated', 'Managed']);
const ISCSI_NAMES: Record<string, RegExp> = { iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/, eui: /^eui.[A-Za-z0-9]{16}$/, naa: /^naa.[A-Za-z0-9]{32}$/ };
const MAX_ISCSI_TARGET = 64;
const MAX_TENANT = 64;

export const required = (value: unknown, path: string, found: Findings): void => {
  if (value === undefined || value === '' || value === null) found.required(path);
};

/** Some secrets are refused only for what is missing, others by their names too. */
function requireSecret(ref: Reference, path: string, found: Findings, namespaced: boolean): void {
  if (ref === undefined) return;
  required(ref.name, `${path}.secretRef.name`, found);
  if (namespaced) required(ref.namespace, `${path}.secretRef.namespace`, found);
}

function partition(value: number | undefined, path: string, found: Findings): void {
  if (value !== undefined && (value < 0 || value > 255)) found.invalid(`${path}.partition`, value, 'must be from 0 to 255');
}

function lun(value: number, path: string, found: Findings): void {
  if (value < 0 || value > 255) found.invalid(`${path}.lun`, value, 'must be from 0 to 255');
}

function iscsiName(name: string, path: string, found: Findings): void {
  const form = ISCSI_NAMES[name.slice(0, 3)];
  if (form === undefined) found.invalid(path, name, 'must begin with iqn, eui or naa');
  else if (!form.test(name)) found.invalid(path, name, 'must be an iSCSI name, such as iqn.2001-04.com.example:storage');
}

function validateIscsi(source: NonNullable<Volume['iscsi']>, path: string, found: Findings, persistent: boolean): void {
  required(source.targetPortal, `${path}.targetPortal`, found);
  if (source.iqn === '') found.required(`${path}.iqn`);
  else iscsiName(source.iqn, `${path}.iqn`, found);
  lun(source.lun, path, found);
  if ((source.chapAuthDiscovery === true || source.chapAuthSession === true) && source.secretRef === undefined) found.required(`${path}.secretRef`);
  if (persistent) requireSecret(source.secretRef, path, found, false);
  if (source.initiatorName !== undefined) iscsiName(source.initiatorName, `${path}.initiatorname`, found);
}

export function tooLongForIscsi(holder: string, source: NonNullable<Volume['iscsi']>): boolean {
  return source.initiatorName !== undefined && `${holder}:${source.targetPortal}`.length > MAX_ISCSI_TARGET;
}

function validateStorageOs(source: { volumeName?: string; volumeNamespace?: string; secretRef?: Reference }, path: string, found: Findings, namespaced: boolean): void {
  if ((source.volumeName ?? '') === '') found.required(`${path}.volumeName`);
  else found.eachInvalid(`${path}.volumeName`, source.volumeName, dnsLabel(source.volumeName as string));
  if ((source.volumeNamespace ?? '') !== '') found.eachInvalid(`${path}.volumeNamespace`, source.volumeNamespace, dnsLabel(source.volumeNamespace as string));
  requireSecret(source.secretRef, path, found, namespaced);
}

function validateGlusterfs(source: Source, path: string, found: Findings): void {
  required(source['endpoints'], `${path}.endpoints`, found);
  required(source['path'], `${path}.path`, found);
}

function validateAzureFile(source: Source, path: string, found: Findings): void {
  required(source['secretName'], `${path}.secretName`, found);
  required(source['shareName'], `${path}.shareName`, found);
}

/** One check for each kind of source that pods and persistent volumes share. */
const SHARED: Record<string, SourceCheck> = {
  hostPath(source: NonNullable<Volume['hostPath']>, path, found) {
    required(source.path, `${path}.path`, found);
    if (source.path === '') return;
    found.eachInvalid(`${path}.path`, source.path, withoutBacksteps(source.path));
    found.optionalEnum(`${path}.type`, source.type, HOST_PATH_TYPES);
  },
  nfs(source: NonNullable<Volume['nfs']>, path, found) {
    required(source.server, `${path}.server`, found);
    required(source.path, `${path}.path`, found);
    if (!source.path.startsWith('/')) found.invalid(`${path}.path`, source.path, 'must be an absolute path');
  },
  fc(source: NonNullable<Volume['fc']>, path, found) {
    const targets = source.targetWWNs?.length ?? 0;
    const wwids = source.wwids?.length ?? 0;
    if (targets === 0 && wwids === 0) found.required(`${path}.targetWWNs`);
    if (targets > 0 && wwids > 0) found.invalid(`${path}.targetWWNs`, source.targetWWNs, 'excludes wwids');
    if (targets === 0) return;
    if (source.lun === undefined) found.required(`${path}.lun`);
    else lun(source.lun, path, found);
  },
  cephfs(source: { monitors?: unknown[] | null }, path, found) {
    if ((source.monitors?.length ?? 0) === 0) found.required(`${path}.monitors`);
  },
  rbd(source: { monitors?: unknown[] | null; image?: string }, path, found) {
    if ((source.monitors?.length ?? 0) === 0) found.required(`${path}.monitors`);
    required(source.image, `${path}.image`, found);
  },
  flocker(source: { datasetName?: string; datasetUUID?: string }, path, found) {
    if (source.datasetName === undefined && source.datasetUUID === undefined) found.required(path, 'datasetName or datasetUUID is needed');
    if (source.datasetName !== undefined && source.datasetUUID !== undefined) found.invalid(path, 'resource', 'one of datasetName and datasetUUID may be given');
    if (source.datasetName?.includes('/') === true) found.invalid(`${path}.datasetName`, source.datasetName, "must not have '/'");
  },
  awsElasticBlockStore(source: { volumeID: string; partition?: number }, path, found) {
    required(source.volumeID, `${path}.volumeID`, found);
    partition(source.partition, path, found);
  },
  gcePersistentDisk(source: { pdName: string; partition?: number }, path, found) {
    // Kubernetes reports these under another name than the field's.
    const at = path.replace(/gcePersistentDisk$/, 'persistentDisk');
    required(source.pdName, `${at}.pdName`, found);
    partition(source.partition, at, found);
  },
  azureDisk(source: { diskName: string; diskURI: string; cachingMode?: string; kind?: string }, path, found) {
    required(source.diskName, `${path}.diskName`, found);
    required(source.diskURI, `${path}.diskURI`, found);
    found.optionalEnum(`${path}.cachingMode`, source.cachingMode, CACHING_MODES);
    found.optionalEnum(`${path}.kind`, source.kind, DISK_KINDS);
    const start = source.kind === 'Managed' ? '/subscriptions/' : 'https://';
    if (source.kind !== undefined && !source.diskURI.startsWith(start)) found.notSupported(`${path}.diskURI`, source.diskURI, [`${start}…`]);
  },
  flexVolume(source: { driver: string; options?: Record<string, string> }, path, found) {
    required(source.driver, `${path}.driver`, found);
    for (const key in source.options) {
      if (/(^|\.)(kubernetes|k8s)\.io$/i.test(key.includes('/') ? key.slice(0, key.indexOf('/')) : key)) found.invalid(`${path}.options[${key}]`, key, 'this domain is reserved');
    }
  },
  quobyte(source: { registry: string; volume: string; tenant?: string }, path, found) {
    if (source.registry === '') found.required(`${path}.registry`);
    else if ((source.tenant ?? '').length > MAX_TENANT) found.required(`${path}.tenant`, `must be at most ${MAX_TENANT} characters`);
    else for (const pair of source.registry.split(',')) if (!/^(\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair)) found.invalid(`${path}.registry`, source.registry, 'must be pairs of host:port joined by commas');
    required(source.volume, `${path}.volume`, found);
  },
  vsphereVolume: (source: Source, path, found) => required(source['volumePath'], `${path}.volumePath`, found),
  portworxVolume: (source: Source, path, found) => required(source['volumeID'], `${path}.volumeID`, found),
  photonPersistentDisk: (source: Source, path, found) => required(source['pdID'], `${path}.pdID`, found),
  scaleIO(source: Source, path, found) {
    for (const field of ['gateway', 'system', 'volumeName'] as const) required(source[field], `${path}.${field}`, found);
  },
};

/** Sources that a pod names. One that is not listed has no check. */
export const POD_SOURCES: Record<string, SourceCheck> = {
  ...SHARED,
  emptyDir(source: NonNullable<Volume['emptyDir']>, path, found) {
    if (source.sizeLimit !== undefined && nanosOf(source.sizeLimit) < 0n) found.forbidden(`${path}.sizeLimit`, 'must be 0 or more');
  },
  gitRepo(source: NonNullable<Volume['gitRepo']>, path, found) {
    required(source.repository, `${path}.repository`, found);
    if (source.directory !== undefined) found.eachInvalid(`${path}.directory`, source.directory, localPath(source.directory));
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
  persistentVolumeClaim: (source: NonNullable<Volume['persistentVolumeClaim']>, path, found) => required(source.claimName, `${path}.claimName`, found),
  ephemeral(source: NonNullable<Volume['ephemeral']>, path, found) {
    if (source.volumeClaimTemplate === undefined) found.required(`${path}.volumeClaimTemplate`);
    else validateClaimTemplate(source.volumeClaimTemplate, `${path}.volumeClaimTemplate`, found);
  },
  csi(source: NonNullable<Volume['csi']>, path, found) {
    validateDriverName(source.driver, `${path}.driver`, found);
    const ref = source.nodePublishSecretRef;
    if (ref === undefined) return;
    required(ref.name, `${path}.nodePublishSecretRef.name`, found);
    if ((ref.name ?? '') !== '') found.eachInvalid(`${path}.name`, ref.name, dnsSubdomain(ref.name as string));
  },
  iscsi: (source: NonNullable<Volume['iscsi']>, path, found) => validateIscsi(source, path, found, false),
  glusterfs: validateGlusterfs,
  cinder(source: Source, path, found) {
    required(source['volumeID'], `${path}.volumeID`, found);
    requireSecret(source['secretRef'] as Reference, path, found, false);
  },
  azureFile: validateAzureFile,
  storageos: (source: Source, path, found) => validateStorageOs(source, path, found, false),
  image(source: NonNullable<Volume['image']>, path, found, holder) {
    // A template may leave the reference to whoever fills it in.
    if (holder !== '') required(source.reference, `${path}.reference`, found);
    found.optionalEnum(`${path}.pullPolicy`, source.pullPolicy, PULL_POLICIES);
  },
};

const CSI_SECRETS = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const;

/** Sources that a persistent volume has; secrets of some name their namespace. */
export const PERSISTENT_SOURCES: Record<string, SourceCheck> = {
  ...SHARED,
  iscsi(source: NonNullable<Volume['iscsi']>, path, found, holder) {
    validateIscsi(source, path, found, true);
    if (tooLongForIscsi(holder, source)) found.invalid(`${path}.targetportal`, source.targetPortal, `with the volume's name it must be at most ${MAX_ISCSI_TARGET} characters`);
  },
  glusterfs(source: Source, path, found) {
    validateGlusterfs(source, path, found);
    const namespace = source['endpointsNamespace'] as string | undefined;
    if (namespace !== undefined) found.eachInvalid(`${path}.endpointsNamespace`, namespace, namespace === '' ? ['must not be empty'] : dnsLabel(namespace));
  },
  cinder(source: Source, path, found) {
    required(source['volumeID'], `${path}.volumeID`, found);
    requireSecret(source['secretRef'] as Reference, path, found, true);
  },
  azureFile(source: Source, path, found) {
    validateAzureFile(source, path, found);
    if (source['secretNamespace'] === '') found.required(`${path}.secretNamespace`);
  },
  storageos: (source: Source, path, found) => validateStorageOs(source, path, found, true),
  local(source: { path?: string }, path, found) {
    required(source.path, `${path}.path`, found);
    if ((source.path ?? '') !== '') found.eachInvalid(`${path}.path`, source.path, withoutBacksteps(source.path as string));
  },
  csi(source: { driver: string; volumeHandle?: string } & Partial<Record<(typeof CSI_SECRETS)[number], Reference>>, path, found) {
    validateDriverName(source.driver, `${path}.driver`, found);
    required(source.volumeHandle, `${path}.volumeHandle`, found);
    for (const field of CSI_SECRETS) {
      const ref = source[field];
      if (ref === undefined) continue;
      for (const [part, check] of [['name', dnsSubdomain], ['namespace', dnsLabel]] as const) {
        const value = ref[part] ?? '';
        if (value === '') found.required(`${path}.${field}.${part}`);
        else found.eachInvalid(`${path}.${field}.${part}`, value, check(value));
      }
    }
  },
};

/** The order in which Kubernetes looks at sources: the first that is there is checked, each further one refused. */
export const POD_SOURCE_ORDER = ['emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi', 'glusterfs', 'flocker', 'persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte', 'downwardAPI', 'fc', 'flexVolume', 'configMap', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'storageos', 'projected', 'scaleIO', 'csi', 'ephemeral', 'image'] as const;
export const PERSISTENT_SOURCE_ORDER = ['hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'flocker', 'nfs', 'rbd', 'quobyte', 'cephfs', 'iscsi', 'cinder', 'fc', 'flexVolume', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'scaleIO', 'local', 'storageos', 'csi'] as const;
/** Names that a refused further source has, where they differ from the field's: clients that read causes know them so. */
const REFUSED_NAMES: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

/** Checks the first source and refuses the others, but for `free` ones, which are checked beside any. Gives how many there are. */
export function validateOneSource(order: readonly string[], holder: object, path: string, found: Findings, check: (field: string, source: unknown, at: string) => void, free?: string): number {
  let count = 0;
  for (const field of order) {
    const source = (holder as Record<string, unknown>)[field];
    if (source === undefined) continue;
    if (count === 0 || field === free) check(field, source, `${path}.${field}`);
    else found.forbidden(`${path}.${REFUSED_NAMES[field] ?? field}`, 'a volume has one source');
    count++;
  }
  return count;
}

/** A storage or device driver: a DNS name in either case. */
export function validateDriverName(driver: string, path: string, found: Findings): void {
  if (driver === '') {
    found.required(path);
    return;
  }
  if (driver.length > 63) found.tooLong(path, 'must be at most 63 characters');
  found.eachInvalid(path, driver, dnsSubdomain(driver.toLowerCase()));
}

export function validateMode(mode: number | undefined, path: string, found: Findings): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) found.invalid(path, mode, 'must be from 0 to 0777 (octal)');
}

export function validateItems(items: readonly KeyToPath[] | undefined, path: string, found: Findings): void {
  items?.forEach((item, i) => {
    const at = `${path}.items[${i}]`;
    required(item.key, `${at}.key`, found);
    required(item.path, `${at}.path`, found);
    found.eachInvalid(`${at}.path`, item.path, localNonReservedPath(item.path));
    validateMode(item.mode, `${at}.mode`, found);
  });
}

type DownwardFile = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

export function validateDownwardFile(file: DownwardFile, path: string, found: Findings): void {
  required(file.path, `${path}.path`, found);
  found.eachInvalid(`${path}.path`, file.path, localNonReservedPath(file.path));
  if (file.fieldRef !== undefined) {
    validateFieldRef(file.fieldRef, 'file', `${path}.fieldRef`, found);
    if (file.resourceFieldRef !== undefined) found.invalid(path, 'resource', 'one of fieldRef and resourceFieldRef may be given');
  } else if (file.resourceFieldRef !== undefined) validateResourceFieldRef(file.resourceFieldRef, true, `${path}.resourceFieldRef`, found);
  else found.required(path, 'fieldRef or resourceFieldRef is needed');
  validateMode(file.mode, `${path}.mode`, found);
}
