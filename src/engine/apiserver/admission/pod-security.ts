import type { Container, PodSpec } from '../../../kubernetes/types.generated.ts';
import type { StrategyContext } from '../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from './admission.ts';
import { forbidden } from './forbidden.ts';

type Level = 'privileged' | 'baseline' | 'restricted';

const BASELINE_CAPABILITIES = new Set(['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT']);
const SAFE_SYSCTLS = new Set(['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']);
const RESTRICTED_VOLUMES = new Set(['name', 'configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret']);
const SELINUX_TYPES = new Set([undefined, 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);

/** Holds pods to the level that their namespace's labels name. Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export function checkPodSecurity(request: AdmissionRequest, _context: StrategyContext, lookups: Lookups): string[] {
  const spec = podSpecOf(request);
  if (spec === undefined || request.namespace === undefined) return [];
  const labels = lookups.get('', 'Namespace', undefined, request.namespace)?.metadata.labels ?? {};
  const enforce = levelOf(labels['pod-security.kubernetes.io/enforce']);
  const warn = levelOf(labels['pod-security.kubernetes.io/warn']);
  if (request.kind === 'Pod' && enforce !== 'privileged') {
    const broken = violations(spec, enforce);
    if (broken.length > 0) throw forbidden(request, `it breaks the pod security level ${enforce}: ${broken.join(', ')}`);
  }
  if (warn === 'privileged') return [];
  const broken = violations(spec, warn);
  return broken.length > 0 ? [`would break the pod security level ${warn}: ${broken.join(', ')}`] : [];
}

function podSpecOf(request: AdmissionRequest): PodSpec | undefined {
  if (request.object === undefined || request.operation === 'DELETE' || request.subresource !== undefined) return undefined;
  const spec = request.object['spec'];
  switch (request.kind) {
    case 'Pod': return spec as PodSpec;
    case 'CronJob': return spec.jobTemplate?.spec?.template?.spec as PodSpec | undefined;
    case 'PodTemplate': return request.object['template']?.spec as PodSpec | undefined;
    case 'Deployment': case 'ReplicaSet': case 'StatefulSet': case 'DaemonSet': case 'Job': case 'ReplicationController': return spec?.template?.spec as PodSpec | undefined;
    default: return undefined;
  }
}

function levelOf(label: string | undefined): Level {
  return label === undefined || label === 'privileged' ? 'privileged' : label === 'baseline' ? 'baseline' : 'restricted';
}

export function violations(spec: PodSpec, level: Level): string[] {
  if (level === 'privileged') return [];
  const containers: Container[] = [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...((spec.ephemeralContainers ?? []) as Container[])];
  const broken = baseline(spec, containers);
  return level === 'baseline' ? broken : [...broken, ...restricted(spec, containers)];
}

function baseline(spec: PodSpec, containers: readonly Container[]): string[] {
  const broken: string[] = [];
  if (spec.hostNetwork === true || spec.hostPID === true || spec.hostIPC === true) broken.push('host namespaces');
  if (containers.some((c) => c.securityContext?.privileged === true)) broken.push('privileged');
  if (containers.some((c) => c.securityContext?.capabilities?.add?.some((name) => !BASELINE_CAPABILITIES.has(name)) === true)) broken.push('non-default capabilities');
  if (spec.volumes?.some((v) => v.hostPath !== undefined) === true) broken.push('hostPath volumes');
  if (containers.some((c) => c.ports?.some((p) => (p.hostPort ?? 0) !== 0) === true)) broken.push('hostPort');
  const contexts = [spec.securityContext, ...containers.map((c) => c.securityContext)];
  if (contexts.some((c) => c?.appArmorProfile?.type === 'Unconfined')) broken.push('appArmorProfile');
  if (contexts.some((c) => !SELINUX_TYPES.has(c?.seLinuxOptions?.type) || c?.seLinuxOptions?.user !== undefined || c?.seLinuxOptions?.role !== undefined)) broken.push('seLinuxOptions');
  if (containers.some((c) => (c.securityContext?.procMount ?? 'Default') !== 'Default')) broken.push('procMount');
  if (contexts.some((c) => c?.seccompProfile?.type === 'Unconfined')) broken.push('seccompProfile');
  if (spec.securityContext?.sysctls?.some((s) => !SAFE_SYSCTLS.has(s.name)) === true) broken.push('forbidden sysctls');
  return broken;
}

function restricted(spec: PodSpec, containers: readonly Container[]): string[] {
  const broken: string[] = [];
  if (spec.volumes?.some((v) => Object.keys(v).some((field) => !RESTRICTED_VOLUMES.has(field))) === true) broken.push('restricted volume types');
  if (containers.some((c) => c.securityContext?.allowPrivilegeEscalation !== false)) broken.push('allowPrivilegeEscalation must be false');
  const podNonRoot = spec.securityContext?.runAsNonRoot;
  if (containers.some((c) => (c.securityContext?.runAsNonRoot ?? podNonRoot) !== true)) broken.push('runAsNonRoot must be true');
  if (spec.securityContext?.runAsUser === 0 || containers.some((c) => c.securityContext?.runAsUser === 0)) broken.push('runAsUser must not be 0');
  const podSeccomp = spec.securityContext?.seccompProfile?.type;
  if (containers.some((c) => !['RuntimeDefault', 'Localhost'].includes(c.securityContext?.seccompProfile?.type ?? podSeccomp ?? ''))) broken.push('seccompProfile must be RuntimeDefault or Localhost');
  if (containers.some((c) => c.securityContext?.capabilities?.drop?.includes('ALL') !== true || c.securityContext.capabilities.add?.some((name) => name !== 'NET_BIND_SERVICE') === true)) broken.push('capabilities must drop ALL');
  return broken;
}
