import type { PodSpec, WindowsSecurityContextOptions } from '../../../../../kubernetes/types.generated.ts';
import { dnsSubdomain } from '../../../validation/dns-name.ts';
import type { Findings } from '../../../validation/field-error.ts';

const OPERATING_SYSTEMS = new Set(['linux', 'windows']);
const LINUX_ONLY = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'runAsUser', 'runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'] as const;
const LINUX_ONLY_POD = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const;
const LINUX_ONLY_CONTAINER = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'] as const;
const MAX_CREDENTIAL_SPEC = 64 * 1024;
const MAX_DOMAIN = 256;
const MAX_USER = 104;
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_DOMAIN = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Fields of one operating system are refused for pods of another; a pod that names none may have both. */
export function validateOperatingSystem(spec: PodSpec, path: string, found: Findings): void {
  validateHostProcess(spec, path, found);
  if (spec.os === undefined) return;
  if (spec.os.name === '') found.required(`${path}.os.name`);
  else if (!OPERATING_SYSTEMS.has(spec.os.name)) found.notSupported(`${path}.os`, spec.os.name, OPERATING_SYSTEMS);
  const context = spec.securityContext;
  if (spec.os.name === 'linux') {
    if (context?.windowsOptions !== undefined) found.forbidden(`${path}.securityContext.windowsOptions`, 'a Linux pod has none');
    for (const list of LISTS) spec[list]?.forEach((container, i) => {
      if (container.securityContext?.windowsOptions !== undefined) found.forbidden(`${path}.${list}[${i}].securityContext.windowsOptions`, 'a Linux pod has none');
    });
  } else if (spec.os.name === 'windows') {
    for (const field of LINUX_ONLY) if (context?.[field] !== undefined && (context[field] as { length?: number }).length !== 0) found.forbidden(`${path}.securityContext.${field}`, 'a Windows pod has none');
    for (const field of LINUX_ONLY_POD) if (spec[field] !== undefined && (spec[field] || field === 'hostUsers' || field === 'shareProcessNamespace')) found.forbidden(`${path}.${field}`, 'a Windows pod has none');
    for (const list of LISTS) spec[list]?.forEach((container, i) => {
      for (const field of LINUX_ONLY_CONTAINER) if (container.securityContext?.[field] !== undefined) found.forbidden(`${path}.${list}[${i}].securityContext.${field}`, 'a Windows pod has none');
    });
  }
}

/** Either all containers are host processes or none. */
function validateHostProcess(spec: PodSpec, path: string, found: Findings): void {
  const own = spec.securityContext?.windowsOptions?.hostProcess;
  let containers = 0, hostProcesses = 0;
  for (const list of LISTS) spec[list]?.forEach((container, i) => {
    containers++;
    const value = container.securityContext?.windowsOptions?.hostProcess;
    if (own !== undefined && value !== undefined && own !== value) found.invalid(`${path}.${list}[${i}].securityContext.windowsOptions.hostProcess`, value, "must be the pod's");
    if (value ?? own) hostProcesses++;
  });
  if (hostProcesses === 0) return;
  if (hostProcesses !== containers) found.invalid(path, '', 'either all containers are host processes or none');
  if (spec.hostNetwork !== true) found.invalid(`${path}.hostNetwork`, false, 'must be true with host processes');
}

export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string, found: Findings): void {
  if (options === undefined) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined) found.eachInvalid(`${path}.gmsaCredentialSpecName`, name, dnsSubdomain(name));
  if (spec === '') found.invalid(`${path}.gmsaCredentialSpec`, spec, 'must not be empty');
  else if (spec !== undefined && spec.length > MAX_CREDENTIAL_SPEC) found.invalid(`${path}.gmsaCredentialSpec`, '', `must be at most ${MAX_CREDENTIAL_SPEC} characters`);
  if (user !== undefined) found.eachInvalid(`${path}.runAsUserName`, user, userName(user));
}

/** `DOMAIN\user` or `user`. */
function userName(name: string): string[] {
  if (name === '') return ['must not be empty'];
  // eslint-disable-next-line no-control-regex -- control characters are what the rule is about.
  if (/[\u0000-\u001f\u007f]/.test(name)) return ['must not have control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['must have at most one backslash'];
  const messages: string[] = [];
  const user = parts.at(-1) as string;
  const domain = parts.length === 2 ? (parts[0] as string) : undefined;
  if (domain !== undefined && domain.length >= MAX_DOMAIN) messages.push(`the domain must be less than ${MAX_DOMAIN} characters`);
  if (domain !== undefined && !NETBIOS.test(domain) && !DNS_DOMAIN.test(domain)) messages.push('the domain must be a NetBIOS or DNS name');
  if (user === '') messages.push('the user must not be empty');
  else if (user.length > MAX_USER) messages.push(`the user must be at most ${MAX_USER} characters`);
  if (/^[. ]+$/.test(user)) messages.push('the user must not be only periods and spaces');
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) messages.push('the user has characters that Windows refuses');
  return messages;
}
