import type { PodSpec } from '../../../../../kubernetes/types.generated.ts';
import { dnsLabel, dnsSubdomain } from '../../../validation/dns-name.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { ipAddress } from '../../../validation/ip-address.ts';
import { qualifiedName, validateLabels } from '../../../validation/label.ts';
import { validateContainers, validateEphemeralContainers, validateInitContainers } from './validate-container.ts';
import { validateAffinity, validateTolerations, validateTopologySpread } from './validate-scheduling.ts';
import { validatePodSecurityContext } from './validate-security.ts';
import { validatePodLevelResources } from './pod-level-resources.ts';
import { validateResources } from './validate-resources.ts';
import { validateOperatingSystem } from './validate-windows.ts';
import { validateVolumes } from './validate-volume.ts';

const RESTART_POLICIES = new Set(['Always', 'OnFailure', 'Never']);
const DNS_POLICIES = new Set(['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']);
const MAX_HOSTNAME = 64;
const PREEMPTION_POLICIES = new Set(['PreemptLowerPriority', 'Never']);

/** A pod's or a template's spec, after defaulting.
 *  @param podName of a pod; absent for a template and for a pod that has none yet */
export function validatePodSpec(spec: PodSpec, path: string, found: Findings, holder: 'pod' | 'template' = 'template', podName?: string): void {
  const volumes = validateVolumes(spec.volumes, `${path}.volumes`, found, holder, podName);
  const claims = new Set<string>();
  spec.resourceClaims?.forEach((claim, i) => {
    const at = `${path}.resourceClaims[${i}]`;
    if (claim.name === '') found.required(`${at}.name`);
    else if (claims.has(claim.name)) found.duplicate(`${at}.name`, claim.name);
    else found.eachInvalid(`${at}.name`, claim.name, dnsLabel(claim.name));
    claims.add(claim.name);
    if (claim.resourceClaimName !== undefined && claim.resourceClaimTemplateName !== undefined) found.invalid(at, claim, 'one of resourceClaimName and resourceClaimTemplateName may be set');
    if (claim.resourceClaimName === undefined && claim.resourceClaimTemplateName === undefined) found.invalid(at, claim, 'one of resourceClaimName and resourceClaimTemplateName must be set');
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) if (claim[field] !== undefined) found.eachInvalid(`${at}.${field}`, claim[field], dnsSubdomain(claim[field]));
  });
  validateContainers(spec, volumes, claims, `${path}.containers`, found);
  if (spec.initContainers !== undefined) validateInitContainers(spec, volumes, claims, `${path}.initContainers`, found);
  if (spec.ephemeralContainers !== undefined) validateEphemeralContainers(spec, volumes, `${path}.ephemeralContainers`, found);
  validatePodLevelResources(spec, `${path}.resources`, found);
  if (spec.overhead !== undefined) validateResources({ limits: spec.overhead }, `${path}.overhead`, found);
  found.requiredEnum(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  found.requiredEnum(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  validateDnsConfig(spec, path, found);
  validateLabels(spec.nodeSelector, `${path}.nodeSelector`, found);
  validatePodSecurityContext(spec, path, found);
  validateAffinity(spec.affinity, `${path}.affinity`, found);
  validateTolerations(spec.tolerations, `${path}.tolerations`, found);
  validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`, found);
  validateGates(spec, path, found);
  validateNames(spec, path, found);
  if (spec.activeDeadlineSeconds !== undefined && (spec.activeDeadlineSeconds < 1 || spec.activeDeadlineSeconds > 2147483647)) {
    found.invalid(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 'must be from 1 to 2147483647');
  }
  found.optionalEnum(`${path}.preemptionPolicy`, spec.preemptionPolicy, PREEMPTION_POLICIES);
  validateOperatingSystem(spec, path, found);
  validateHostAliases(spec, path, found);
  validateVariableFiles(spec, path, found);
}

function validateNames(spec: PodSpec, path: string, found: Findings): void {
  if (spec.serviceAccountName !== undefined) found.eachInvalid(`${path}.serviceAccountName`, spec.serviceAccountName, dnsSubdomain(spec.serviceAccountName));
  if (spec.nodeName !== undefined) found.eachInvalid(`${path}.nodeName`, spec.nodeName, dnsSubdomain(spec.nodeName));
  validateHostnameOverride(spec, path, found);
  if (spec.hostname !== undefined) found.eachInvalid(`${path}.hostname`, spec.hostname, dnsLabel(spec.hostname));
  if (spec.subdomain !== undefined) found.eachInvalid(`${path}.subdomain`, spec.subdomain, dnsLabel(spec.subdomain));
  if (spec.priorityClassName !== undefined) found.eachInvalid(`${path}.priorityClassName`, spec.priorityClassName, dnsSubdomain(spec.priorityClassName));
  if (spec.runtimeClassName !== undefined) found.eachInvalid(`${path}.runtimeClassName`, spec.runtimeClassName, dnsSubdomain(spec.runtimeClassName));
}

function validateHostnameOverride(spec: PodSpec, path: string, found: Findings): void {
  const name = spec.hostnameOverride;
  if (name === undefined) return;
  const at = `${path}.hostnameOverride`;
  if (spec.setHostnameAsFQDN === true) found.forbidden(at, 'excludes setHostnameAsFQDN');
  if (spec.hostNetwork === true) found.forbidden(at, 'excludes hostNetwork');
  if (name.length > MAX_HOSTNAME) found.tooLong(at, `must be at most ${MAX_HOSTNAME} characters`);
  found.eachInvalid(at, name, dnsSubdomain(name));
}

function validateGates(spec: PodSpec, path: string, found: Findings): void {
  spec.readinessGates?.forEach((gate, i) => found.eachInvalid(`${path}.readinessGates[${i}].conditionType`, gate.conditionType, qualifiedName(gate.conditionType)));
  const names = new Set<string>();
  spec.schedulingGates?.forEach((gate, i) => {
    found.eachInvalid(`${path}.schedulingGates[${i}]`, gate.name, qualifiedName(gate.name));
    if (names.has(gate.name)) found.duplicate(`${path}.schedulingGates[${i}]`, gate.name);
    names.add(gate.name);
  });
}

function validateDnsConfig(spec: PodSpec, path: string, found: Findings): void {
  const config = spec.dnsConfig;
  if (spec.dnsPolicy === 'None' && (config === undefined || (config.nameservers?.length ?? 0) === 0)) {
    if (config === undefined) found.required(`${path}.dnsConfig`, 'is needed with dnsPolicy None');
    else found.required(`${path}.dnsConfig.nameservers`, 'at least one is needed with dnsPolicy None');
    return;
  }
  if (config === undefined) return;
  const at = `${path}.dnsConfig`;
  if ((config.nameservers?.length ?? 0) > 3) found.invalid(`${at}.nameservers`, config.nameservers, 'must be at most 3');
  config.nameservers?.forEach((server, i) => found.eachInvalid(`${at}.nameservers[${i}]`, server, ipAddress(server)));
  if ((config.searches?.length ?? 0) > 32) found.invalid(`${at}.searches`, config.searches, 'must be at most 32');
  if ((config.searches ?? []).join(' ').length > 2048) found.invalid(`${at}.searches`, config.searches, 'must be at most 2048 characters together');
  config.searches?.forEach((search, i) => {
    if (search === '.') return;
    const plain = (search.endsWith('.') ? search.slice(0, -1) : search).replaceAll('_', '');
    found.eachInvalid(`${at}.searches[${i}]`, search, dnsSubdomain(plain));
  });
  config.options?.forEach((option, i) => {
    if (option.name === undefined) found.required(`${at}.options[${i}]`);
  });
}

function validateHostAliases(spec: PodSpec, path: string, found: Findings): void {
  spec.hostAliases?.forEach((alias, i) => {
    const at = `${path}.hostAliases[${i}]`;
    found.eachInvalid(`${at}.ip`, alias.ip, ipAddress(alias.ip));
    alias.hostnames?.forEach((name, j) => found.eachInvalid(`${at}.hostnames[${j}]`, name, dnsSubdomain(name)));
  });
}

/** Files that variables are read from stand in an emptyDir, whatever else is wrong with it. */
function validateVariableFiles(spec: PodSpec, path: string, found: Findings): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) spec[list]?.forEach((container, i) => container.env?.forEach((variable, j) => {
    const name = variable.valueFrom?.fileKeyRef?.volumeName;
    if (name === undefined) return;
    const at = `${path}.${list}[${i}].env[${j}].valueFrom.fileKeyRef.volumeName`;
    const volume = spec.volumes?.findLast((v) => v.name === name);
    if (volume === undefined) found.notFound(at, name);
    else if (volume.emptyDir === undefined) found.invalid(at, name, 'must be an emptyDir');
  }));
}
