import type { PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate } from '../../../../kubernetes/types.generated.ts';
import { nanosOf } from '../../decode/quantity.ts';
import { dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import { validateTemplateMeta } from '../../validation/object-meta.ts';

export const ACCESS_MODES: ReadonlySet<string> = new Set(['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']);
export const VOLUME_MODES: ReadonlySet<string> = new Set(['Block', 'Filesystem']);

/** Access modes of claims and volumes: each known, and the exclusive one alone. */
export function validateAccessModes(modes: readonly string[], path: string, found: Findings): void {
  for (const mode of modes) if (!ACCESS_MODES.has(mode)) found.notSupported(path, mode, ACCESS_MODES);
  if (modes.includes('ReadWriteOncePod') && new Set(modes).size > 1) found.forbidden(path, 'ReadWriteOncePod excludes other modes');
}

export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string, found: Findings): void {
  if ((spec.accessModes?.length ?? 0) === 0) found.required(`${path}.accessModes`, 'at least one is needed');
  validateLabelSelector(spec.selector, `${path}.selector`, found);
  validateAccessModes(spec.accessModes ?? [], `${path}.accessModes`, found);
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) found.required(`${path}.resources[storage]`);
  else if (nanosOf(storage) <= 0n) found.invalid(`${path}.resources[storage]`, storage, 'must be more than 0');
  if (spec.storageClassName !== undefined && spec.storageClassName !== '') found.eachInvalid(`${path}.storageClassName`, spec.storageClassName, dnsSubdomain(spec.storageClassName));
  found.optionalEnum(`${path}.volumeMode`, spec.volumeMode, VOLUME_MODES);
  if (spec.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName !== '') {
    found.eachInvalid(`${path}.volumeAttributesClassName`, spec.volumeAttributesClassName, dnsSubdomain(spec.volumeAttributesClassName));
  }
  validateDataSources(spec, path, found);
}

function validateDataSources(spec: PersistentVolumeClaimSpec, path: string, found: Findings): void {
  for (const field of ['dataSource', 'dataSourceRef'] as const) {
    const source = spec[field];
    if (source === undefined) continue;
    const at = `${path}.${field}`;
    if (source.name === '') found.required(`${at}.name`);
    if (source.kind === '') found.required(`${at}.kind`);
    const group = source.apiGroup ?? '';
    if (group === '' && source.kind !== 'PersistentVolumeClaim') found.invalid(at, source.kind, 'without apiGroup it must be a PersistentVolumeClaim');
    if (group !== '') found.eachInvalid(`${at}.apiGroup`, group, dnsSubdomain(group));
  }
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef !== undefined && (dataSource.name !== dataSourceRef.name || dataSource.kind !== dataSourceRef.kind || (dataSource.apiGroup ?? '') !== (dataSourceRef.apiGroup ?? ''))) {
    found.invalid(path, '', 'dataSource and dataSourceRef must be the same');
  }
}

export function validateClaimTemplate(template: PersistentVolumeClaimTemplate, path: string, found: Findings): void {
  validateTemplateMeta(template.metadata, `${path}.metadata`, found);
  validateClaimSpec(template.spec, `${path}.spec`, found);
}
