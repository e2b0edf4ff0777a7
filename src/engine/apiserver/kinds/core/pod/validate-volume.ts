import type { Volume } from '../../../../../kubernetes/types.generated.ts';
import { dnsLabel, dnsSubdomain } from '../../../validation/dns-name.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { validateProjected } from './validate-projected.ts';
import { PERSISTENT_SOURCE_ORDER, PERSISTENT_SOURCES, POD_SOURCE_ORDER, POD_SOURCES, tooLongForIscsi, validateOneSource } from './volume-sources.ts';

/** Volume name to the field of its source. */
export type VolumeKinds = ReadonlyMap<string, string>;

/** @param podName of a pod that has one already; absent in a template */
export function validateVolumes(volumes: readonly Volume[] | undefined, path: string, found: Findings, holder: 'pod' | 'template', podName?: string): VolumeKinds {
  const kinds = new Map<string, string>();
  if (volumes === undefined) return kinds;
  const created = new Set(podName === undefined ? [] : volumes.filter((volume) => volume.ephemeral !== undefined).map((volume) => `${podName}-${volume.name}`));
  volumes.forEach((volume, i) => {
    const at = `${path}[${i}]`;
    const before = found.errors.length;
    validateSource(volume, at, found, holder, podName);
    if (volume.name === '') found.required(`${at}.name`);
    else found.eachInvalid(`${at}.name`, volume.name, dnsLabel(volume.name));
    if (kinds.has(volume.name)) found.duplicate(`${at}.name`, volume.name);
    if (found.errors.length === before) kinds.set(volume.name, Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir');
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.has(claim)) found.invalid(`${at}.persistentVolumeClaim.claimName`, claim, 'is the claim of an ephemeral volume of this pod');
  });
  return kinds;
}

function validateSource(volume: Volume, path: string, found: Findings, holder: 'pod' | 'template', podName: string | undefined): void {
  const count = validateOneSource(POD_SOURCE_ORDER, volume, path, found, (field, source, at) => {
    if (field === 'projected') validateProjected(source as NonNullable<Volume['projected']>, at, found);
    else POD_SOURCES[field]?.(source as never, at, found, holder === 'pod' ? volume.name || '-' : '');
  });
  if (volume.iscsi !== undefined && tooLongForIscsi(volume.name, volume.iscsi)) found.invalid(`${path}.name`, volume.name, 'with targetPortal it must be at most 64 characters');
  if (volume.ephemeral !== undefined && podName !== undefined && volume.name !== '') found.eachInvalid(`${path}.name`, volume.name, dnsSubdomain(`${podName}-${volume.name}`));
  if (count === 0) found.required(path, 'a volume needs a source');
}

/** Checks the source of a persistent volume; gives how many it has. */
export function validatePersistentSources(spec: object, path: string, found: Findings, volumeName: string): number {
  return validateOneSource(PERSISTENT_SOURCE_ORDER, spec, path, found, (field, source, at) => PERSISTENT_SOURCES[field]?.(source as never, at, found, volumeName), 'flexVolume');
}
