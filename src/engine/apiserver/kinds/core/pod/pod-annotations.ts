import { isDeepStrictEqual } from 'node:util';
import type { Container, PodSpec } from '../../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { localPath } from '../../../validation/path.ts';

type Annotations = Record<string, string> | undefined;
type Profile = { type: 'Localhost' | 'RuntimeDefault' | 'Unconfined'; localhostProfile?: string };

const MIRROR = 'kubernetes.io/config.mirror';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const PROFILE_TYPES = new Set<string>(['Localhost', 'RuntimeDefault', 'Unconfined']);
const LOCALHOST = 'localhost/';

const containersOf = (spec: PodSpec): [string, Container][] => (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) => ((spec[list] ?? []) as Container[]).map((container, i): [string, Container] => [`${list}[${i}]`, container]));

/** Annotations that once were fields: what they say must be sound, and the same as the fields. */
export function validatePodAnnotations(annotations: Annotations, spec: PodSpec, found: Findings): void {
  if (annotations === undefined) return;
  if (annotations[MIRROR] !== undefined && spec.nodeName === undefined) found.invalid(`metadata.annotations[${MIRROR}]`, annotations[MIRROR], 'a mirror pod names its node');
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && (!/^(0|-?[1-9]\d*|[+-]?\d)$/.test(cost) || Math.abs(Number(cost)) > 2147483647)) found.invalid(`metadata.annotations[${DELETION_COST}]`, cost, 'must be a 32-bit integer');
  for (const key in annotations) {
    const value = annotations[key] as string;
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) found.eachInvalid(`metadata.annotations.${key}`, value, seccompMessages(value));
    if (!key.startsWith(APP_ARMOR)) continue;
    const name = key.slice(APP_ARMOR.length);
    if (!containersOf(spec).some(([, container]) => container.name === name)) found.invalid(`metadata.annotations[${key}]`, name, 'no container has this name');
    if (value !== '' && appArmorOf(value) === undefined) found.invalid(`metadata.annotations[${key}]`, value, 'must be runtime/default, unconfined or localhost/<profile>');
  }
}

function seccompMessages(value: string): readonly string[] {
  if (value === 'runtime/default' || value === 'docker/default' || value === 'unconfined') return [];
  return value.startsWith(LOCALHOST) ? localPath(value.slice(LOCALHOST.length)) : ['must be runtime/default, unconfined or localhost/<profile>'];
}

/** The profile that an AppArmor annotation means; undefined for one that means none. */
function appArmorOf(value: string): Profile | undefined {
  if (value === 'unconfined') return { type: 'Unconfined' };
  if (value === 'runtime/default') return { type: 'RuntimeDefault' };
  return value.startsWith(LOCALHOST) ? { type: 'Localhost', localhostProfile: value.slice(LOCALHOST.length) } : undefined;
}

/** Fields that stand beside annotations of the same meaning. */
export function validateProfilesMatch(annotations: Annotations, spec: PodSpec, found: Findings): void {
  if (annotations === undefined) return;
  const match = (value: string | undefined, profile: Profile | undefined, path: string): void => {
    if (value === undefined || profile === undefined || !PROFILE_TYPES.has(profile.type)) return;
    const says = appArmorOf(value === 'docker/default' ? 'runtime/default' : value);
    if (says?.type !== profile.type) found.forbidden(`${path}.type`, `must be what the annotation says: ${value}`);
    else if (says.localhostProfile !== profile.localhostProfile) found.forbidden(`${path}.localhostProfile`, `must be what the annotation says: ${value}`);
  };
  match(annotations[SECCOMP_POD], spec.securityContext?.seccompProfile, 'spec.securityContext.seccompProfile');
  for (const [at, container] of containersOf(spec)) {
    match(annotations[SECCOMP_CONTAINER + container.name], container.securityContext?.seccompProfile, `spec.${at}.securityContext.seccompProfile`);
    if (spec.os?.name !== 'windows') match(annotations[APP_ARMOR + container.name], container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile, `spec.${at}.securityContext.appArmorProfile`);
  }
}

/** Takes AppArmor profiles from annotations into fields. */
export function fillAppArmor(annotations: Annotations, spec: PodSpec): void {
  if (annotations === undefined || spec.os?.name === 'windows') return;
  for (const [, container] of containersOf(spec)) {
    const value = annotations[APP_ARMOR + container.name];
    if (value === undefined || container.securityContext?.appArmorProfile !== undefined) continue;
    const profile = appArmorOf(value);
    if (profile === undefined || profile.localhostProfile?.trim() === '' || isDeepStrictEqual(profile, spec.securityContext?.appArmorProfile)) continue;
    (container.securityContext ??= {}).appArmorProfile = profile;
  }
}

/** Warnings for annotations that fields have replaced. */
export function annotationWarnings(annotations: Annotations, spec: PodSpec, path: string): string[] {
  if (annotations === undefined) return [];
  const at = path === '' ? 'metadata' : `${path}.metadata`;
  const warnings: string[] = [];
  if (annotations['scheduler.alpha.kubernetes.io/critical-pod'] !== undefined) warnings.push(`${at}.annotations[scheduler.alpha.kubernetes.io/critical-pod]: use priorityClassName`);
  for (const key of ['security.alpha.kubernetes.io/sysctls', 'security.alpha.kubernetes.io/unsafe-sysctls']) if (annotations[key] !== undefined) warnings.push(`${at}.annotations[${key}]: use sysctls`);
  if (annotations[SECCOMP_POD] !== undefined && spec.securityContext?.seccompProfile === undefined) warnings.push(`${at}.annotations[${SECCOMP_POD}]: use seccompProfile`);
  for (const [, container] of containersOf(spec)) {
    if (annotations[SECCOMP_CONTAINER + container.name] !== undefined && container.securityContext?.seccompProfile === undefined) warnings.push(`${at}.annotations[${SECCOMP_CONTAINER}${container.name}]: use seccompProfile`);
    const key = APP_ARMOR + container.name;
    const value = annotations[key];
    if (path === '' || value === undefined || container.securityContext?.appArmorProfile !== undefined) continue;
    if (!isDeepStrictEqual(appArmorOf(value), spec.securityContext?.appArmorProfile)) warnings.push(`${at}.annotations[${key}]: use appArmorProfile`);
  }
  return warnings;
}

/** A pod's AppArmor annotations are told of when they are copied into fields, so also where the pod is refused. */
export function appArmorWarnings(annotations: Annotations, spec: PodSpec): string[] {
  if (annotations === undefined || spec.os?.name === 'windows') return [];
  const warnings: string[] = [];
  for (const [, container] of containersOf(spec)) {
    const key = APP_ARMOR + container.name;
    const value = annotations[key];
    if (value === undefined) continue;
    const profile = appArmorOf(value);
    if (profile === undefined || !isDeepStrictEqual(profile, spec.securityContext?.appArmorProfile)) warnings.push(`metadata.annotations[${key}]: use appArmorProfile`);
  }
  return [...new Set(warnings)];
}
