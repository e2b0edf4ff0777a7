import { expect, test } from 'vitest';
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../kubernetes/types.generated.ts';
import { SELECTED_NODE } from '../../kubernetes/persistent-volume.ts';
import { claimDemand, type Volumes } from './pod-claims.ts';

const pod = { metadata: { namespace: 'default', name: 'p' }, spec: { containers: [], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] } };
const node = (name: string): Node => ({ metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
const claim = (over: PersistentVolumeClaim): PersistentVolumeClaim => ({ spec: { storageClassName: 'local' }, status: { phase: 'Pending' }, ...over, metadata: { namespace: 'default', name: 'data', ...over.metadata } });
const volume: PersistentVolume = { metadata: { name: 'v' }, spec: { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] }] } } } };
const waits: StorageClass = { provisioner: 'p', volumeBindingMode: 'WaitForFirstConsumer' };

test.for<{ when: string; claim?: PersistentVolumeClaim; storageClass?: StorageClass; says?: RegExp; nodes?: string[]; toPlace?: number }>([
  { when: 'there is no claim', says: /"data" not found/ },
  { when: 'the claim goes', claim: claim({ metadata: { deletionTimestamp: 'now' } }), says: /being deleted/ },
  { when: 'its class does not wait and it has no volume', claim: claim({}), storageClass: { provisioner: 'p', volumeBindingMode: 'Immediate' }, says: /unbound immediate/ },
  { when: 'its volume is lost', claim: claim({ spec: { volumeName: 'v' }, status: { phase: 'Lost' } }), says: /non-existent persistentvolume "v"/ },
  { when: 'its volume is on one node', claim: claim({ spec: { volumeName: 'v' }, status: { phase: 'Bound' } }), nodes: ['n1'] },
  { when: 'it is to be placed', claim: claim({}), nodes: ['n1', 'n2'], toPlace: 1 },
  { when: 'it was placed', claim: claim({ metadata: { annotations: { [SELECTED_NODE]: 'n2' } } }), nodes: ['n2'], toPlace: 1 },
  { when: 'it was placed on a node that is gone', claim: claim({ metadata: { annotations: { [SELECTED_NODE]: 'n9' } } }), nodes: ['n1', 'n2'], toPlace: 1 },
])('a pod goes where its claims let it: $when', ({ claim: given, storageClass = waits, says, nodes = [], toPlace = 0 }) => {
  const volumes: Volumes = { claim: () => given, volume: () => volume, storageClass: () => storageClass };
  const demand = claimDemand(pod, volumes, (name) => name !== 'n9');
  if (demand.type === 'unschedulable') return expect(demand.message).toMatch(says ?? /nothing/);
  expect(says).toBeUndefined();
  expect(['n1', 'n2'].filter((name) => demand.refuses(node(name)) === undefined)).toEqual(nodes);
  expect(demand.toPlace).toHaveLength(toPlace);
});
