import type { Client } from '../../../src/client/client.ts';
import { Leases, Nodes, Pods } from '../../../src/client/kinds.ts';
import { keyOf } from '../../../src/client/resource.ts';
import { isConflict, isNotFound } from '../../../src/client/status-error.ts';
import { isReady, isTerminal } from '../../../src/kubernetes/pod-state.ts';
import type { Pod } from '../../../src/kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../src/runtime/controller.ts';

export const nodeNames = ['node-1', 'node-2'] as const;
const defaultCapacity = { cpu: '8', memory: '16Gi', pods: '500' };

/** Registers nodes and keeps telling that they live, until the signal aborts. */
export async function keepNodes(client: Client, signal: AbortSignal, capacity: Record<string, string> = defaultCapacity): Promise<void> {
  const beat = async (): Promise<void> => {
    for (const name of nodeNames) {
      const now = new Date().toISOString();
      const time = `${now.slice(0, 19)}Z`;
      await client.apply(Leases, { metadata: { name, namespace: 'kube-node-lease' }, spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: now.replace('Z', '000Z') } }, { fieldManager: 'kubelet' });
      const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: time };
      await client.patch(Nodes, { name }, { status: { capacity, allocatable: capacity, conditions: [condition] } }, { type: 'strategic', subresource: 'status' });
    }
  };
  for (const name of nodeNames) await client.apply(Nodes, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } }, { fieldManager: 'kubelet' });
  await client.apply({ group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false }, { metadata: { name: 'kube-node-lease' } }, { fieldManager: 'kubelet' });
  await beat();
  const timer = setInterval(() => void beat().catch(() => undefined), 10_000);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** Does with pods what a kubelet would, without running anything: image `ends` succeeds, `fails` fails, all else serves. */
export const simulatedKubelet: ControllerFactory = (context) => ({
  name: 'simulated-kubelet',
  workers: 8,
  sources: [source(Pods, (p) => [keyOf(p)])],
  async reconcile(key) {
    const pod = context.informer(Pods).get(key);
    if (pod?.spec?.nodeName === undefined) return {};
    try {
      if (pod.metadata?.deletionTimestamp !== undefined) await context.client.delete(Pods, key, { uid: pod.metadata.uid, gracePeriodSeconds: 0 });
      else if (!isTerminal(pod) && !isReady(pod)) await context.client.patch(Pods, key, { status: statusOf(pod) }, { type: 'strategic', subresource: 'status' });
    } catch (e) {
      if (!isNotFound(e) && !isConflict(e)) throw e;
    }
    return {};
  },
});

let addresses = 0;

function statusOf(pod: Pod): object {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const image = pod.spec?.containers[0]?.image;
  const phase = image === 'ends' ? 'Succeeded' : image === 'fails' ? 'Failed' : 'Running';
  const ready = phase === 'Running' ? 'True' : 'False';
  addresses += 1;
  const podIP = `10.99.${Math.floor(addresses / 250) % 250}.${(addresses % 250) + 1}`;
  const conditions = ['Ready', 'ContainersReady'].map((type) => ({ type, status: ready, lastTransitionTime: time }));
  return { phase, conditions, startTime: time, podIP, podIPs: [{ ip: podIP }] };
}
