import type { PodSecurityContext, PodSpec, SecurityContext } from '../../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { validateWindowsOptions } from './validate-windows.ts';
import { localPath } from '../../../validation/path.ts';

const SECCOMP_TYPES = new Set(['Localhost', 'RuntimeDefault', 'Unconfined']);
const PROC_MOUNTS = new Set(['Default', 'Unmasked']);
const GROUP_CHANGE_POLICIES = new Set(['OnRootMismatch', 'Always']);
const SUPPLEMENTAL_POLICIES = new Set(['Merge', 'Strict']);
const SYSCTL = /^(?=.{1,253}$)[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?(?:[./][a-z0-9](?:[-_a-z0-9]*[a-z0-9])?)*$/;
const MAX_PROFILE = 4095;
const SELINUX_CHANGE_POLICIES = new Set(['Recursive']);
const MAX_ID = 2147483647;

function validateId(id: number | undefined, path: string, found: Findings): void {
  if (id !== undefined && (id < 0 || id > MAX_ID)) found.invalid(path, id, `must be from 0 to ${MAX_ID}`);
}

function validateProfiles(context: PodSecurityContext | SecurityContext, path: string, found: Findings): void {
  const seccomp = context.seccompProfile;
  if (seccomp !== undefined) {
    const at = `${path}.seccompProfile`;
    if (seccomp.type === 'Localhost') {
      if (seccomp.localhostProfile === undefined) found.required(`${at}.localhostProfile`, 'is needed with the type Localhost');
      else found.eachInvalid(`${at}.localhostProfile`, seccomp.localhostProfile, localPath(seccomp.localhostProfile));
    } else {
      found.requiredEnum(`${at}.type`, seccomp.type, SECCOMP_TYPES);
      if (seccomp.localhostProfile !== undefined) found.invalid(`${at}.localhostProfile`, seccomp.localhostProfile, 'goes with the type Localhost only');
    }
  }
  const appArmor = context.appArmorProfile;
  if (appArmor !== undefined) {
    const at = `${path}.appArmorProfile`;
    if (appArmor.type === 'Localhost') {
      const profile = appArmor.localhostProfile;
      if (profile !== undefined && profile.trim() !== profile) found.invalid(`${at}.localhostProfile`, profile, 'must not begin or end with a space');
      else if (profile === undefined || profile === '') found.required(`${at}.localhostProfile`, 'is needed with the type Localhost');
      if ((profile ?? '').length > MAX_PROFILE) found.tooLong(`${at}.localhostProfile`, `must be at most ${MAX_PROFILE} characters`);
    } else {
      found.requiredEnum(`${at}.type`, appArmor.type, SECCOMP_TYPES);
      if (appArmor.localhostProfile !== undefined && SECCOMP_TYPES.has(appArmor.type)) found.invalid(`${at}.localhostProfile`, appArmor.localhostProfile, 'goes with the type Localhost only');
    }
  }
}

export function validatePodSecurityContext(spec: PodSpec, path: string, found: Findings): void {
  const context = spec.securityContext;
  if (context === undefined) return;
  const at = `${path}.securityContext`;
  if (spec.shareProcessNamespace === true && spec.hostPID === true) found.invalid(`${path}.shareProcessNamespace`, true, 'excludes hostPID');
  if (spec.hostUsers === false) {
    if (spec.hostNetwork === true) found.forbidden(`${path}.hostNetwork`, 'excludes hostUsers: false');
    if (spec.hostPID === true) found.forbidden(`${path}.HostPID`, 'excludes hostUsers: false');
    if (spec.hostIPC === true) found.forbidden(`${path}.HostIPC`, 'excludes hostUsers: false');
    for (const list of ['initContainers', 'containers'] as const) spec[list]?.forEach((container, i) => {
      if ((container.volumeDevices?.length ?? 0) > 0) found.forbidden(`${path}.${list}[${i}].volumeDevices`, 'excludes hostUsers: false');
    });
  }
  validateId(context.fsGroup, `${at}.fsGroup`, found);
  validateId(context.runAsUser, `${at}.runAsUser`, found);
  validateId(context.runAsGroup, `${at}.runAsGroup`, found);
  context.supplementalGroups?.forEach((group, i) => validateId(group, `${at}.supplementalGroups[${i}]`, found));
  const names = new Set<string>();
  context.sysctls?.forEach((sysctl, i) => {
    const each = `${at}.sysctls[${i}]`;
    if (sysctl.name === '') found.required(`${each}.name`);
    else if (!SYSCTL.test(sysctl.name)) found.invalid(`${each}.name`, sysctl.name, 'must be a sysctl name, such as net.core.somaxconn');
    else if (names.has(sysctl.name.replaceAll('/', '.'))) found.duplicate(`${each}.name`, sysctl.name);
    names.add(sysctl.name.replaceAll('/', '.'));
  });
  found.optionalEnum(`${at}.fsGroupChangePolicy`, context.fsGroupChangePolicy, GROUP_CHANGE_POLICIES);
  found.optionalEnum(`${at}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, SUPPLEMENTAL_POLICIES);
  found.optionalEnum(`${at}.seLinuxChangePolicy`, context.seLinuxChangePolicy, SELINUX_CHANGE_POLICIES);
  validateWindowsOptions(context.windowsOptions, `${at}.windowsOptions`, found);
  validateProfiles(context, at, found);
}

export function validateContainerSecurityContext(context: SecurityContext | undefined, path: string, found: Findings, hostUsers: boolean | undefined): void {
  if (context === undefined) return;
  validateId(context.runAsUser, `${path}.runAsUser`, found);
  validateId(context.runAsGroup, `${path}.runAsGroup`, found);
  if (context.procMount !== undefined) {
    found.optionalEnum(`${path}.procMount`, context.procMount, PROC_MOUNTS);
    if (context.procMount === 'Unmasked' && hostUsers !== false) found.invalid(`${path}.procMount`, context.procMount, 'needs hostUsers: false');
  }
  validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`, found);
  validateProfiles(context, path, found);
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true) found.invalid(path, context, 'allowPrivilegeEscalation cannot be false in a privileged container');
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN') === true) found.invalid(path, context, 'allowPrivilegeEscalation cannot be false with CAP_SYS_ADMIN');
  }
}
