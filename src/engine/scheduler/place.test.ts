import { expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from '../../kubernetes/types.generated.ts';
import { nodeState } from './node-state.ts';
import { place } from './place.ts';

const node = (name: string, spec: Node['spec'] = {}, ready = 'True'): Node => ({
  metadata: { name, labels: { zone: name } },
  spec,
  status: { allocatable: { cpu: '1', memory: '1Gi', pods: '3' }, conditions: [{ type: 'Ready', status: ready }] },
});
const pod = (name: string, cpu: string, spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name, namespace: 'n', labels: { app: 'a' }, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'r', controller: true }] },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }], ...spec },
});
const spread: Partial<PodSpec> = { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'a' } } }] };
const apart: Partial<PodSpec> = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } } }] } } };
const tainted = { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' as const }] };

test.for([
  { when: 'a node has room', pod: pod('p', '500m'), nodes: [nodeState(node('a'), [])], then: 'a' },
  { when: 'siblings run elsewhere', pod: pod('p', '100m'), nodes: [nodeState(node('a'), [pod('q', '100m')]), nodeState(node('b'), [])], then: 'b' },
  { when: 'one node is full', pod: pod('p', '600m'), nodes: [nodeState(node('a'), [pod('q', '500m')]), nodeState(node('b'), [pod('x', '100m'), pod('y', '100m')])], then: 'b' },
  { when: 'no node has the cpu', pod: pod('p', '2'), nodes: [nodeState(node('a'), [])], then: '0/1 nodes are available: 1 Insufficient cpu.' },
  { when: 'a node takes no more pods', pod: pod('p', '1m'), nodes: [nodeState(node('a'), [pod('1', '1m'), pod('2', '1m'), pod('3', '1m')])], then: '0/1 nodes are available: 1 Too many pods.' },
  { when: 'the node is not ready', pod: pod('p', '1m'), nodes: [nodeState(node('a', {}, 'Unknown'), [])], then: '0/1 nodes are available: 1 node(s) were not ready.' },
  { when: 'the taint is not tolerated', pod: pod('p', '1m'), nodes: [nodeState(node('a', tainted), [])], then: '0/1 nodes are available: 1 node(s) had untolerated taint {k: v}.' },
  { when: 'the taint is tolerated', pod: pod('p', '1m', { tolerations: [{ key: 'k', operator: 'Exists' }] }), nodes: [nodeState(node('a', tainted), [])], then: 'a' },
  { when: 'the selector names another node', pod: pod('p', '1m', { nodeSelector: { zone: 'b' } }), nodes: [nodeState(node('a'), []), nodeState(node('b'), [])], then: 'b' },
  { when: 'the spread allows a skew of one', pod: pod('p', '1m', spread), nodes: [nodeState(node('a'), [pod('q', '1m')]), nodeState(node('b'), [pod('r', '900m'), pod('s', '1m')])], then: 'a' },
  { when: 'pods keep apart', pod: pod('p', '1m', apart), nodes: [nodeState(node('a'), [pod('q', '1m')]), nodeState(node('b'), [])], then: 'b' },
  { when: 'a pod that is there wants to be alone', pod: pod('p', '1m'), nodes: [nodeState(node('a'), [pod('q', '1m', apart)])], then: "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules." },
  { when: 'there are no nodes', pod: pod('p', '1m'), nodes: [], then: 'no nodes available to schedule pods' },
])('$when', ({ pod: waiting, nodes, then }) => {
  const placement = place(waiting, nodes);
  expect(placement.type === 'bind' ? placement.nodeName : placement.message).toBe(then);
});
