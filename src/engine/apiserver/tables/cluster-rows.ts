import type { CertificateSigningRequest, ClusterRoleBinding, ConfigMap, Endpoints, EndpointSlice, Event, Ingress, Lease, Namespace, Node, PersistentVolume, PersistentVolumeClaim, PriorityClass, Secret, Service, StorageClass } from '../../../kubernetes/types.generated.ts';
import { ageOf, humanDuration } from './age.ts';
import { age, labelsText, nameOf, orNone } from './cells.ts';
import type { Cell } from './table.ts';

export function serviceRow(s: Service, nowMs: number): Cell[] {
  const { spec } = s;
  const ports = (spec?.ports ?? []).map((p) => `${p.port}${p.nodePort ? `:${p.nodePort}` : ''}/${p.protocol ?? 'TCP'}`).join(',');
  const clusterIP = spec?.type === 'ExternalName' ? '<none>' : orNone(spec?.clusterIP);
  return [nameOf(s), spec?.type ?? 'ClusterIP', clusterIP, externalAddress(s), orNone(ports), age(s, nowMs), labelsText(spec?.selector)];
}

function externalAddress({ spec, status }: Service): string {
  if (spec?.type === 'ExternalName') return spec.externalName ?? '';
  const balanced = (status?.loadBalancer?.ingress ?? []).map((i) => i.ip ?? i.hostname ?? '');
  const all = [...(spec?.type === 'LoadBalancer' ? balanced : []), ...(spec?.externalIPs ?? [])];
  return all.length > 0 ? all.join(',') : spec?.type === 'LoadBalancer' ? '<pending>' : '<none>';
}

export function nodeRow(n: Node, nowMs: number): Cell[] {
  const { status, spec, metadata } = n;
  const ready = status?.conditions?.find((c) => c.type === 'Ready')?.status;
  const state = `${ready === 'True' ? 'Ready' : ready === undefined ? 'Unknown' : 'NotReady'}${spec?.unschedulable === true ? ',SchedulingDisabled' : ''}`;
  const roles = Object.entries(metadata?.labels ?? {}).flatMap(([key, value]) => (key.startsWith('node-role.kubernetes.io/') ? [key.slice('node-role.kubernetes.io/'.length)] : key === 'kubernetes.io/role' ? [value] : []));
  const address = (type: string): string => orNone(status?.addresses?.find((a) => a.type === type)?.address);
  const info = status?.nodeInfo;
  return [nameOf(n), state, orNone(roles.sort().join(',')), age(n, nowMs), info?.kubeletVersion ?? '', address('InternalIP'), address('ExternalIP'), info?.osImage || '<unknown>', info?.kernelVersion || '<unknown>', info?.containerRuntimeVersion || '<unknown>'];
}

export const namespaceRow = (n: Namespace, nowMs: number): Cell[] => [nameOf(n), n.status?.phase ?? '', age(n, nowMs)];
export const configMapRow = (c: ConfigMap, nowMs: number): Cell[] => [nameOf(c), String(Object.keys(c.data ?? {}).length + Object.keys(c.binaryData ?? {}).length), age(c, nowMs)];
export const secretRow = (s: Secret, nowMs: number): Cell[] => [nameOf(s), s.type ?? '', String(Object.keys(s.data ?? {}).length), age(s, nowMs)];
export const leaseRow = (l: Lease, nowMs: number): Cell[] => [nameOf(l), l.spec?.holderIdentity ?? '', age(l, nowMs)];

/** Takes both forms of an Event; fields of events.k8s.io stand in for the core ones. */
export function eventRow(e: Event & { readonly regarding?: Event['involvedObject']; readonly note?: string; readonly deprecatedFirstTimestamp?: string; readonly deprecatedLastTimestamp?: string; readonly deprecatedCount?: number; readonly deprecatedSource?: Event['source']; readonly reportingController?: string }, nowMs: number): Cell[] {
  const about = e.involvedObject ?? e.regarding ?? {};
  const first = e.firstTimestamp ?? e.deprecatedFirstTimestamp ?? e.eventTime ?? undefined;
  const last = e.series?.lastObservedTime ?? e.lastTimestamp ?? e.deprecatedLastTimestamp ?? first;
  const source = e.source ?? e.deprecatedSource ?? {};
  const component = source.component ?? e.reportingComponent ?? e.reportingController ?? '';
  const count = e.series?.count ?? e.count ?? e.deprecatedCount ?? 1;
  return [
    ageOf(last, nowMs), e.type ?? '', e.reason ?? '', `${about.kind?.toLowerCase() ?? ''}/${about.name ?? ''}`, about.fieldPath ?? '',
    [component, source.host ?? ''].filter((t) => t !== '').join(', '), (e.message ?? e.note ?? '').trim(), ageOf(first, nowMs), String(count), nameOf(e),
  ];
}

function shortList(items: readonly string[]): string {
  return items.length === 0 ? '<none>' : items.length <= 3 ? items.join(',') : `${items.slice(0, 3).join(',')} + ${items.length - 3} more...`;
}

export function endpointsRow(e: Endpoints, nowMs: number): Cell[] {
  const all = (e.subsets ?? []).flatMap((s) => (s.addresses ?? []).flatMap((a) => ((s.ports ?? []).length === 0 ? [a.ip ?? ''] : (s.ports ?? []).map((p) => `${a.ip}:${p.port}`))));
  return [nameOf(e), shortList(all), age(e, nowMs)];
}

export function endpointSliceRow(e: EndpointSlice, nowMs: number): Cell[] {
  const ports = (e.ports ?? []).map((p) => String(p.port ?? '*'));
  const addresses = (e.endpoints ?? []).flatMap((p) => p.addresses ?? []);
  return [nameOf(e), e.addressType ?? '', ports.length === 0 ? '<unset>' : shortList(ports), addresses.length === 0 ? '<unset>' : shortList(addresses), age(e, nowMs)];
}

const accessModes: Readonly<Record<string, string>> = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
const modes = (all: readonly string[] = []): string => all.map((m) => accessModes[m] ?? m).join(',');

export function claimRow(c: PersistentVolumeClaim, nowMs: number): Cell[] {
  const isBound = c.spec?.volumeName !== undefined && c.spec.volumeName !== '';
  return [
    nameOf(c), c.metadata?.deletionTimestamp === undefined ? (c.status?.phase ?? '') : 'Terminating', c.spec?.volumeName ?? '', isBound ? (c.status?.capacity?.['storage'] ?? '') : '', isBound ? modes(c.status?.accessModes) : '',
    c.spec?.storageClassName ?? '', c.spec?.volumeAttributesClassName ?? '<unset>', age(c, nowMs), c.spec?.volumeMode ?? '<unset>',
  ];
}

export function volumeRow(v: PersistentVolume, nowMs: number): Cell[] {
  const claim = v.spec?.claimRef;
  return [
    nameOf(v), v.spec?.capacity?.['storage'] ?? '', modes(v.spec?.accessModes), v.spec?.persistentVolumeReclaimPolicy ?? '', v.metadata?.deletionTimestamp === undefined ? (v.status?.phase ?? '') : 'Terminating',
    claim === undefined ? '' : `${claim.namespace}/${claim.name}`, v.spec?.storageClassName ?? '', v.spec?.volumeAttributesClassName ?? '<unset>', v.status?.reason ?? '', age(v, nowMs), v.spec?.volumeMode ?? '<unset>',
  ];
}

export function ingressRow(i: Ingress, nowMs: number): Cell[] {
  const hosts = (i.spec?.rules ?? []).flatMap((r) => (r.host ? [r.host] : []));
  const addresses = (i.status?.loadBalancer?.ingress ?? []).map((a) => a.ip ?? a.hostname ?? '');
  return [nameOf(i), i.spec?.ingressClassName ?? '<none>', hosts.length === 0 ? '*' : shortList(hosts), addresses.join(','), (i.spec?.tls ?? []).length > 0 ? '80, 443' : '80', age(i, nowMs)];
}

export function roleBindingRow(b: ClusterRoleBinding, nowMs: number): Cell[] {
  const of = (kind: string): string => (b.subjects ?? []).filter((s) => s.kind === kind).map((s) => (kind === 'ServiceAccount' ? `${s.namespace}/${s.name}` : s.name)).join(', ');
  return [nameOf(b), `${b.roleRef?.kind}/${b.roleRef?.name}`, age(b, nowMs), of('User'), of('Group'), of('ServiceAccount')];
}

export function storageClassRow(s: StorageClass, nowMs: number): Cell[] {
  const isDefault = s.metadata?.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
  return [`${nameOf(s)}${isDefault ? ' (default)' : ''}`, s.provisioner ?? '', s.reclaimPolicy ?? 'Delete', s.volumeBindingMode ?? '', String(s.allowVolumeExpansion ?? false), age(s, nowMs)];
}

export const priorityClassRow = (p: PriorityClass, nowMs: number): Cell[] => [nameOf(p), p.value ?? 0, p.globalDefault ?? false, age(p, nowMs), p.preemptionPolicy ?? ''];

export function certificateRequestRow(c: CertificateSigningRequest, nowMs: number): Cell[] {
  const conditions = (c.status?.conditions ?? []).map((x) => x.type ?? '');
  const state = conditions.length === 0 ? ['Pending'] : conditions.filter((x) => x === 'Approved' || x === 'Denied' || x === 'Failed');
  const lifetime = c.spec?.expirationSeconds;
  return [nameOf(c), age(c, nowMs), c.spec?.signerName ?? '', c.spec?.username ?? '', lifetime === undefined ? '<none>' : humanDuration(lifetime * 1000), [...state, ...(c.status?.certificate ? ['Issued'] : [])].join(',')];
}
