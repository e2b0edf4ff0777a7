import type { APIService, ControllerRevision, CSIDriver, CSINode, FlowSchema, IngressClass, IPAddress, MutatingWebhookConfiguration, NetworkPolicy, PodTemplate, PriorityLevelConfiguration, ResourceQuota, ResourceSlice, RuntimeClass, ServiceCIDR, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, VolumeAttachment, VolumeAttributesClass } from '../../../kubernetes/types.generated.ts';
import type { KubernetesObject } from '../../../client/resource.ts';
import { age, labelsText, nameOf, orNone, selectorText } from './cells.ts';
import type { Cell } from './table.ts';

/** Used of allowed, each resource: what limits concern stands in a column of its own. */
export function quotaRow(q: ResourceQuota, nowMs: number): Cell[] {
  const { hard = {}, used = {} } = q.status ?? {};
  const texts = (limits: boolean): string => Object.keys(hard).sort().filter((name) => name.startsWith('limits') === limits).map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`).join(', ');
  return [nameOf(q), texts(false), texts(true), age(q, nowMs)];
}

export function podTemplateRow(t: PodTemplate): Cell[] {
  const containers = t.template?.spec?.containers ?? [];
  return [nameOf(t), containers.map((c) => c.name).join(','), containers.map((c) => c.image ?? '').join(','), labelsText(t.template?.metadata?.labels)];
}

export function revisionRow(r: ControllerRevision, nowMs: number): Cell[] {
  const owner = r.metadata?.ownerReferences?.find((o) => o.controller === true);
  const group = owner?.apiVersion.includes('/') === true ? `.${owner.apiVersion.split('/')[0]}` : '';
  return [nameOf(r), owner === undefined ? '<none>' : `${owner.kind.toLowerCase()}${group}/${owner.name}`, r.revision, age(r, nowMs)];
}

export function ingressClassRow(c: IngressClass, nowMs: number): Cell[] {
  const p = c.spec?.parameters;
  return [nameOf(c), c.spec?.controller ?? '', p === undefined ? '<none>' : `${p.kind}${p.apiGroup ? `.${p.apiGroup}` : ''}/${p.name}`, age(c, nowMs)];
}

export function ipAddressRow(a: IPAddress): Cell[] {
  const p = a.spec?.parentRef;
  return [nameOf(a), `${[p?.group ?? '', p?.resource].filter((t) => t !== '').join('.')}/${p?.namespace ? `${p.namespace}/` : ''}${p?.name}`];
}

export const networkPolicyRow = (p: NetworkPolicy, nowMs: number): Cell[] => [nameOf(p), selectorText(p.spec?.podSelector), age(p, nowMs)];
export const serviceCidrRow = (c: ServiceCIDR, nowMs: number): Cell[] => [nameOf(c), (c.spec?.cidrs ?? []).join(','), age(c, nowMs)];

export function csiDriverRow(d: CSIDriver, nowMs: number): Cell[] {
  const { spec } = d;
  const tokens = (spec.tokenRequests ?? []).map((t) => t.audience);
  return [
    nameOf(d), spec.attachRequired ?? true, spec.podInfoOnMount ?? false, spec.storageCapacity ?? false, tokens.length === 0 ? '<unset>' : tokens.join(','), spec.requiresRepublish ?? false,
    orNone((spec.volumeLifecycleModes ?? []).join(',')), age(d, nowMs),
  ];
}

export const csiNodeRow = (n: CSINode, nowMs: number): Cell[] => [nameOf(n), n.spec.drivers?.length ?? 0, age(n, nowMs)];
export const volumeAttachmentRow = (a: VolumeAttachment, nowMs: number): Cell[] => [nameOf(a), a.spec.attacher, a.spec.source.persistentVolumeName ?? '', a.spec.nodeName, a.status?.attached ?? false, age(a, nowMs)];
export const attributesClassRow = (c: VolumeAttributesClass, nowMs: number): Cell[] => [nameOf(c), c.driverName, age(c, nowMs)];
export const webhooksRow = (c: MutatingWebhookConfiguration, nowMs: number): Cell[] => [nameOf(c), c.webhooks?.length ?? 0, age(c, nowMs)];

export function policyRow(p: ValidatingAdmissionPolicy, nowMs: number): Cell[] {
  const kind = p.spec?.paramKind;
  return [nameOf(p), p.spec?.validations?.length ?? 0, kind === undefined ? '<unset>' : `${kind.apiVersion}/${kind.kind}`, age(p, nowMs)];
}

export function policyBindingRow(b: ValidatingAdmissionPolicyBinding, nowMs: number): Cell[] {
  const ref = b.spec?.paramRef;
  const shown = ref === undefined ? '<unset>' : ref.name ? `${ref.namespace || '*'}/${ref.name}` : `${ref.namespace || '*'}/*`;
  return [nameOf(b), b.spec?.policyName ?? '', shown, age(b, nowMs)];
}

export const runtimeClassRow = (c: RuntimeClass, nowMs: number): Cell[] => [nameOf(c), c.handler, age(c, nowMs)];

interface Claim extends KubernetesObject { readonly status?: { readonly allocation?: object; readonly reservedFor?: readonly object[] } }

export function resourceClaimRow(c: Claim, nowMs: number): Cell[] {
  const states = [...(c.metadata?.deletionTimestamp === undefined ? [] : ['deleted']), ...(c.status?.allocation === undefined ? [] : ['allocated']), ...((c.status?.reservedFor?.length ?? 0) > 0 ? ['reserved'] : [])];
  return [nameOf(c), c.status?.allocation === undefined && states.length === 0 ? 'pending' : states.join(','), age(c, nowMs)];
}

export const resourceSliceRow = (s: ResourceSlice, nowMs: number): Cell[] => [nameOf(s), s.spec.nodeName ?? (s.spec.allNodes === true ? '<all>' : s.spec.nodeSelector === undefined ? '<per-device>' : '<selector>'), s.spec.driver, s.spec.pool.name, age(s, nowMs)];

export function flowSchemaRow(f: FlowSchema, nowMs: number): Cell[] {
  const dangling = f.status?.conditions?.find((c) => c.type === 'Dangling')?.status;
  return [nameOf(f), f.spec?.priorityLevelConfiguration.name ?? '', f.spec?.matchingPrecedence ?? 0, f.spec?.distinguisherMethod?.type ?? '<none>', age(f, nowMs), dangling ?? '?'];
}

export function priorityLevelRow(p: PriorityLevelConfiguration, nowMs: number): Cell[] {
  const { spec } = p;
  const limited = spec?.limited, queuing = limited?.limitResponse?.queuing;
  const none = '<none>';
  return [nameOf(p), spec?.type ?? '', limited?.nominalConcurrencyShares ?? spec?.exempt?.nominalConcurrencyShares ?? none, queuing?.queues ?? none, queuing?.handSize ?? none, queuing?.queueLengthLimit ?? none, age(p, nowMs)];
}

export function apiServiceRow(a: APIService, nowMs: number): Cell[] {
  const service = a.spec?.service;
  const available = a.status?.conditions?.find((c) => c.type === 'Available');
  const state = available === undefined ? 'Unknown' : available.status === 'True' ? 'True' : `${available.status} (${available.reason})`;
  return [nameOf(a), service === undefined ? 'Local' : `${service.namespace}/${service.name}`, state, age(a, nowMs)];
}
