import type { StatusError } from '../../../client/status-error.ts';
import { nodeNameOf } from '../auth/node-identity.ts';
import { referencesOf } from '../auth/pod-references.ts';
import type { KindObject, StrategyContext } from '../kinds/strategy.ts';
import { equal } from '../patch/json.ts';
import type { AdmissionRequest, Lookups } from './admission.ts';
import { forbidden } from './forbidden.ts';

/** Labels of Kubernetes's own that a kubelet sets on its node; of these prefixes it sets no others. */
const OWN_LABELS = new Set(['kubernetes.io/hostname', 'kubernetes.io/arch', 'kubernetes.io/os', 'beta.kubernetes.io/arch', 'beta.kubernetes.io/os', 'beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type', 'failure-domain.beta.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/region', 'topology.kubernetes.io/zone']);
const OWN_PREFIXES = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const MIRROR = 'kubernetes.io/config.mirror';

/**
 * A kubelet changes its own Node, Lease and CSINode, and the pods on its node, and nobody else's.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 * @throws {StatusError} 403
 */
export function restrictNode(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): void {
  const node = nodeNameOf(context.user);
  if (node === undefined) return;
  switch (`${request.group}/${request.plural}`) {
    case '/nodes': return ofNode(request, node);
    case '/pods': return ofPod(request, node, lookups);
    case '/serviceaccounts': return ofToken(request, node, lookups);
    case 'storage.k8s.io/csinodes': return ofName(request, node);
    case 'coordination.k8s.io/leases':
      if (request.namespace !== 'kube-node-lease') throw refused(request, node, 'its lease is in kube-node-lease');
      return ofName(request, node);
  }
}

const refused = (request: AdmissionRequest, node: string, rule: string): StatusError => forbidden(request, `node "${node}" may not do this: ${rule}`);

function ofName(request: AdmissionRequest, node: string): void {
  const name = request.object?.metadata.name ?? request.name;
  if (name !== node) throw refused(request, node, `the object is ${name}'s`);
}

function ofNode(request: AdmissionRequest, node: string): void {
  ofName(request, node);
  const { object, old } = request;
  if (object === undefined) return;
  const before = old?.metadata.labels ?? {}, after = object.metadata.labels ?? {};
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((label) => before[label] !== after[label]);
  const foreign = changed.find((label) => !isOwnLabel(label));
  if (foreign !== undefined) throw refused(request, node, `label ${foreign} is not one that it sets on itself`);
  const taints = (o: KindObject): unknown => (o['spec'] as { taints?: unknown } | undefined)?.taints;
  if (old !== undefined && !equal(taints(object) ?? [], taints(old) ?? [])) throw refused(request, node, 'it cannot change its taints');
  if (!equal(object.metadata.ownerReferences ?? [], old?.metadata.ownerReferences ?? []) && old !== undefined) throw refused(request, node, 'it cannot change its owners');
}

function isOwnLabel(label: string): boolean {
  const slash = label.indexOf('/');
  const prefix = slash < 0 ? '' : label.slice(0, slash);
  const within = (domain: string): boolean => prefix === domain || prefix.endsWith(`.${domain}`);
  if (within('node-restriction.kubernetes.io')) return false;
  if (!within('kubernetes.io') && !within('k8s.io')) return true;
  return OWN_LABELS.has(label) || OWN_PREFIXES.some(within);
}

function ofPod(request: AdmissionRequest, node: string, lookups: Lookups): void {
  const { operation, subresource } = request;
  if (subresource === undefined && operation === 'CREATE') return ofMirrorPod(request, node);
  if (operation === 'CONNECT' || (subresource === undefined && operation !== 'DELETE')) return;
  const pod = subresource === 'eviction' ? lookups.get('', 'Pod', request.namespace, request.name ?? '') : request.old;
  const owner = (pod?.['spec'] as { nodeName?: string } | undefined)?.nodeName;
  if (pod !== undefined && owner !== node) throw refused(request, node, `the pod is ${owner ? `on ${owner}` : 'on no node'}`);
  if (subresource === 'status' && !equal(request.object?.metadata.labels ?? {}, request.old?.metadata.labels ?? {})) throw refused(request, node, 'it cannot change the labels of a pod');
}

/** A node creates only pods that show what it runs anyway, and these name nothing that it could read that way. */
function ofMirrorPod(request: AdmissionRequest, node: string): void {
  const pod = request.object as KindObject;
  if (pod.metadata.annotations?.[MIRROR] === undefined) throw refused(request, node, `it creates mirror pods alone, which have the annotation ${MIRROR}`);
  if ((pod['spec'] as { nodeName?: string }).nodeName !== node) throw refused(request, node, 'spec.nodeName is not its own name');
  const { secrets, configMaps, claims, serviceAccount } = referencesOf(pod);
  if (serviceAccount !== undefined || secrets.size > 0 || configMaps.size > 0 || claims.size > 0) throw refused(request, node, 'a mirror pod names no service account, Secret, ConfigMap or claim');
}

function ofToken(request: AdmissionRequest, node: string, lookups: Lookups): void {
  if (request.subresource !== 'token') return;
  const ref = (request.object?.['spec'] as { boundObjectRef?: { kind?: string; name?: string; uid?: string } } | undefined)?.boundObjectRef;
  if (ref?.kind !== 'Pod' || !ref.name || !ref.uid) throw refused(request, node, 'a token that it asks for is bound to a pod, by name and uid');
  const pod = lookups.get('', 'Pod', request.namespace, ref.name);
  const { nodeName, serviceAccountName } = (pod?.['spec'] ?? {}) as { nodeName?: string; serviceAccountName?: string };
  if (pod?.metadata.uid !== ref.uid || nodeName !== node) throw refused(request, node, `pod ${ref.name} is not on it`);
  if (serviceAccountName !== request.name) throw refused(request, node, `pod ${ref.name} is not of this service account`);
}
