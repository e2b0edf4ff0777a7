import type { Container, ContainerPort, PodAffinityTerm, PodSpec, PodTemplateSpec, Volume } from '../../../../../kubernetes/types.generated.ts';
import { hasFraction } from '../../../decode/quantity.ts';
import { dnsLabel } from '../../../validation/dns-name.ts';
import { annotationWarnings } from './pod-annotations.ts';

const GONE_VOLUMES = ['photonPersistentDisk', 'gitRepo', 'scaleIO', 'flocker', 'storageos', 'quobyte', 'glusterfs', 'cephfs', 'rbd'] as const;
const OLD_NODE_LABELS: Record<string, string> = {
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
};

/** What becomes a part of pods' names and host names should be a DNS label. */
export function nameWarnings(name: string | undefined): string[] {
  return dnsLabel(name ?? '').length > 0 ? [`metadata.name: ${name} becomes a host name, which should be a DNS label`] : [];
}

/** What a pod or template may say but hardly means. `path` is that of what holds the spec: '' for a pod, `spec.template`. */
export function podWarnings(spec: PodSpec | undefined, path: string, annotations?: Record<string, string>): string[] {
  if (spec === undefined) return [];
  const at = path === '' ? 'spec' : `${path}.spec`;
  const warnings: string[] = [];
  for (const label in spec.nodeSelector) if (OLD_NODE_LABELS[label] !== undefined) warnings.push(`${at}.nodeSelector[${label}]: use ${OLD_NODE_LABELS[label]}`);
  spec.topologySpreadConstraints?.forEach((constraint, i) => {
    const old = OLD_NODE_LABELS[constraint.topologyKey];
    if (old !== undefined) warnings.push(`${at}.topologySpreadConstraints[${i}].topologyKey: use ${old}`);
    if (constraint.labelSelector === undefined) warnings.push(`${at}.topologySpreadConstraints[${i}].labelSelector: without it no pod matches`);
  });
  spec.volumes?.forEach((volume, i) => {
    for (const kind of GONE_VOLUMES) if (volume[kind] !== undefined) warnings.push(`${at}.volumes[${i}].${kind}: this kind of volume is no longer supported`);
  });
  for (const volume of spec.volumes ?? []) overlapWarnings(volume, warnings);
  warnings.push(...annotationWarnings(annotations, spec, path));
  for (const name of ['memory', 'ephemeral-storage']) if (hasFraction(spec.overhead?.[name])) warnings.push(`${at}.overhead[${name}]: is no whole number of bytes`);
  duplicates(spec.hostAliases, (alias) => alias.ip, (i, ip) => warnings.push(`${at}.hostAliases[${i}].ip: ${ip} is there twice`));
  duplicates(spec.imagePullSecrets, (secret) => secret.name ?? '', (i, name) => warnings.push(`${at}.imagePullSecrets[${i}].name: ${name} is there twice`));
  spec.imagePullSecrets?.forEach((secret, i) => {
    if (secret.name === undefined) warnings.push(`${at}.imagePullSecrets[${i}].name: is empty`);
  });
  const ports: { at: string; port: ContainerPort }[] = [];
  const names = new Map<string, string>();
  for (const list of ['initContainers', 'containers'] as const) spec[list]?.forEach((container, i) => containerWarnings(container, `${at}.${list}[${i}]`, ports, names, warnings));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) warnings.push(`${at}.terminationGracePeriodSeconds: a negative value counts as 1`);
  for (const side of ['podAffinity', 'podAntiAffinity'] as const) {
    const check = (term: PodAffinityTerm, where: string): void => {
      if (term.labelSelector === undefined) warnings.push(`${where}.labelSelector: without it no pod matches`);
    };
    const affinity = spec.affinity?.[side];
    affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => check(term, `${at}.affinity.${side}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`));
    affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => check(term.podAffinityTerm, `${at}.affinity.${side}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm`));
  }
  return [...new Set(warnings)];
}

export function templateWarnings(template: PodTemplateSpec | undefined, path: string): string[] {
  return podWarnings(template?.spec, path, template?.metadata?.annotations);
}

function duplicates<T>(items: readonly T[] | undefined, keyOf: (item: T) => string, report: (i: number, key: string) => void): void {
  if (items === undefined || items.length < 2) return;
  const seen = new Set<string>();
  items.forEach((item, i) => {
    const key = keyOf(item);
    if (seen.has(key)) report(i, key);
    seen.add(key);
  });
}

function containerWarnings(container: Container, at: string, ports: { at: string; port: ContainerPort }[], names: Map<string, string>, warnings: string[]): void {
  for (const list of ['limits', 'requests'] as const) {
    for (const resource of ['memory', 'ephemeral-storage']) {
      const value = container.resources?.[list]?.[resource];
      if (hasFraction(value)) warnings.push(`${at}.resources.${list}[${resource}]: ${value} is no whole number of bytes`);
    }
  }
  if (container.env !== undefined && container.env.length > 1) {
    const seen = new Set<string>();
    container.env.forEach((variable, i) => {
      const reference = `$(${variable.name})`;
      const builds = variable.valueFrom === undefined && variable.value !== reference && variable.value?.includes(reference) === true;
      if (seen.has(variable.name) && !builds) warnings.push(`${at}.env[${i}]: ${variable.name} is there twice, and an apply may drop one`);
      seen.add(variable.name);
    });
  }
  container.ports?.forEach((port, i) => {
    const here = `${at}.ports[${i}]`;
    if (port.hostIP !== undefined && (port.hostPort ?? 0) === 0) warnings.push(`${here}: hostIP without hostPort`);
    for (const other of ports) {
      if (other.port.containerPort !== port.containerPort || other.port.protocol !== port.protocol) continue;
      const [mine, theirs] = [port.hostPort ?? 0, other.port.hostPort ?? 0];
      const [myIp, theirIp] = [port.hostIP ?? '', other.port.hostIP ?? ''];
      if (mine === theirs && myIp === theirIp) warnings.push(`${here}: is the same as ${other.at}`);
      else if (mine === 0 || theirs === 0) warnings.push(`${here}: overlaps with ${other.at}`);
      else if (mine === theirs && (myIp === '') !== (theirIp === '')) warnings.push(`${here}: is ambiguous beside ${other.at}`);
    }
    ports.push({ at: here, port });
    if (port.name === undefined) return;
    const first = names.get(port.name);
    if (first !== undefined) warnings.push(`${here}: has the name of ${first}, which services and probes will use`);
    else names.set(port.name, here);
  });
}

/** Files of one volume at the same path, or one inside the other. */
function overlapWarnings(volume: Volume, warnings: string[]): void {
  for (const source of [volume.configMap, volume.secret, volume.downwardAPI]) if (source?.items !== undefined) overlaps(source.items.map((item) => item.path), volume.name, warnings);
  if (volume.projected === undefined) return;
  const paths: string[] = [];
  for (const source of volume.projected.sources ?? []) {
    if (Object.keys(source).length === 0) warnings.push(`volume ${volume.name} has a source of no kind`);
    const items = source.configMap?.items ?? source.secret?.items ?? source.downwardAPI?.items;
    if (items !== undefined) paths.push(...items.map((item) => item.path));
    else if (source.serviceAccountToken !== undefined) paths.push(source.serviceAccountToken.path);
  }
  overlaps(paths, volume.name, warnings);
}

function overlaps(paths: readonly string[], volume: string, warnings: string[]): void {
  const seen: string[] = [];
  for (const given of paths) {
    const path = given.replace(/\/+$/, '');
    if (path !== '') for (const other of seen) {
      if (other !== '' && (`${other}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${other}/`))) warnings.push(`volume ${volume}: the paths ${other} and ${path} overlap`);
    }
    seen.push(path);
  }
}
