import type { PersistentVolumeClaim, Pod, PolicyRule, VolumeAttachment } from '../../../kubernetes/types.generated.ts';
import type { Collection } from '../../store/collection.ts';
import type { Store } from '../../store/store.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import { parseFieldSelector } from '../selectors/field-selector.ts';
import type { AccessAttributes, AccessDecision, Authorizer } from './authorizer.ts';
import { nodeNameOf } from './node-identity.ts';
import { referencesOf, type PodReferences } from './pod-references.ts';
import { allows } from './policy-rules.ts';

type ResourceAttributes = Extract<AccessAttributes, { kind: 'resource' }>;

/**
 * Lets a kubelet read what the pods on its node name, and nothing else of the kind: the rest of what it may do is in the
 * role system:node, which nobody is bound to. What other roles grant it holds as well.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/node/
 */
export class NodeAuthorizer implements Authorizer {
  readonly #others: Authorizer;
  readonly #store: Store;
  #pods: PodsByNode | undefined;

  constructor(others: Authorizer, store: Store) {
    this.#others = others;
    this.#store = store;
  }

  decide(user: RequestUser, attributes: AccessAttributes): AccessDecision {
    const node = attributes.kind === 'resource' ? nodeNameOf(user) : undefined;
    if (node !== undefined && this.#mayNode(node, attributes as ResourceAttributes)) return { allowed: true, reason: '' };
    return this.#others.decide(user, attributes);
  }

  rules(user: RequestUser, namespace: string): readonly PolicyRule[] {
    return this.#others.rules(user, namespace);
  }

  roleRules(kind: string, name: string, namespace: string): readonly PolicyRule[] | undefined {
    return this.#others.roleRules(kind, name, namespace);
  }

  #mayNode(node: string, asked: ResourceAttributes): boolean {
    if (!(this.#others.roleRules('ClusterRole', 'system:node', '') ?? []).some((rule) => allows(rule, asked))) return false;
    const { resource, subresource, verb, namespace = '' } = asked;
    const name = asked.name ?? selected(asked, 'metadata.name');
    const isRead = verb === 'get' || verb === 'list' || verb === 'watch';
    switch (`${asked.group}/${resource}`) {
      case '/secrets': return name !== undefined && this.#names(node, namespace, (pod) => pod.secrets.has(name));
      case '/configmaps': return name !== undefined && this.#names(node, namespace, (pod) => pod.configMaps.has(name));
      case '/persistentvolumeclaims': return name !== undefined && this.#names(node, namespace, (pod) => pod.claims.has(name));
      case '/persistentvolumes': return name !== undefined && this.#hasVolume(node, name);
      case '/serviceaccounts': return name !== undefined && this.#names(node, namespace, (pod) => pod.serviceAccount === name);
      case '/nodes': return !isRead || name === node;
      case '/pods': return !isRead || subresource !== undefined || (verb === 'get' ? this.#podsByNode().of(node).has(`${namespace}/${name}`) : selected(asked, 'spec.nodeName') === node || (name !== undefined && this.#podsByNode().of(node).has(`${namespace}/${name}`)));
      case 'storage.k8s.io/volumeattachments': return name !== undefined && (this.#store.collection('storage.k8s.io/volumeattachments').get(name)?.object as VolumeAttachment | undefined)?.spec?.nodeName === node;
      case 'storage.k8s.io/csinodes': return verb === 'create' || name === node;
      case 'resource.k8s.io/resourceclaims': return verb === 'get' && name !== undefined && this.#names(node, namespace, (pod) => pod.resourceClaims.has(name));
      case 'resource.k8s.io/resourceslices': return selected(asked, 'spec.nodeName') === node;
      case 'coordination.k8s.io/leases': return namespace === 'kube-node-lease' && (verb === 'create' || name === node);
      default: return true;
    }
  }

  #names(node: string, namespace: string, holds: (pod: PodReferences) => boolean): boolean {
    for (const [key, references] of this.#podsByNode().of(node)) if (key.startsWith(`${namespace}/`) && holds(references)) return true;
    return false;
  }

  #hasVolume(node: string, volume: string): boolean {
    const claims = this.#store.collection('/persistentvolumeclaims');
    for (const [key, references] of this.#podsByNode().of(node)) {
      const namespace = key.slice(0, key.indexOf('/'));
      for (const claim of references.claims) if ((claims.get(`${namespace}/${claim}`)?.object as PersistentVolumeClaim | undefined)?.spec?.volumeName === volume) return true;
    }
    return false;
  }

  /** Made when the first kubelet asks: clusters without one pay nothing. */
  #podsByNode(): PodsByNode {
    return (this.#pods ??= new PodsByNode(this.#store.collection('/pods')));
  }
}

/** The value that a list or watch is narrowed to by its field selector. */
function selected({ fieldSelector }: ResourceAttributes, field: string): string | undefined {
  if (fieldSelector === undefined) return undefined;
  try {
    return parseFieldSelector(fieldSelector).find((f) => f.field === field && f.equal)?.value;
  } catch {
    return undefined;
  }
}

/** What the pods on each node name, kept as they come and go. */
class PodsByNode {
  readonly #byNode = new Map<string, Map<string, PodReferences>>();
  readonly #nodeOf = new Map<string, string>();

  constructor(pods: Collection) {
    for (const record of pods.records()) this.#put(record.key, record.object as Pod);
    pods.subscribe((events) => {
      for (const { key, current } of events) {
        if (current === undefined) this.#remove(key);
        else this.#put(key, current.object as Pod);
      }
    });
  }

  of(node: string): ReadonlyMap<string, PodReferences> {
    return this.#byNode.get(node) ?? new Map<string, PodReferences>();
  }

  #put(key: string, pod: Pod): void {
    const node = pod.spec?.nodeName;
    if (this.#nodeOf.get(key) !== node) this.#remove(key);
    if (!node) return;
    this.#nodeOf.set(key, node);
    let pods = this.#byNode.get(node);
    if (pods === undefined) this.#byNode.set(node, pods = new Map());
    pods.set(key, referencesOf(pod));
  }

  #remove(key: string): void {
    const node = this.#nodeOf.get(key);
    if (node === undefined) return;
    this.#nodeOf.delete(key);
    const pods = this.#byNode.get(node);
    pods?.delete(key);
    if (pods?.size === 0) this.#byNode.delete(node);
  }
}
