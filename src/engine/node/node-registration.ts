import os from 'node:os';
import type { Client } from '../../client/client.ts';
import { Leases, Namespaces, Nodes } from '../../client/kinds.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../../client/status-error.ts';
import type { Lease, Node, NodeStatus } from '../../kubernetes/types.generated.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { pause } from '../../runtime/backoff.ts';
import { timestamp } from './pod-status.ts';

export interface Registration {
  readonly name: string;
  readonly podCidr: string;
  readonly hostIp: string;
  readonly runtimeName: string;
  /** Where logs and exec are served; 0: nowhere. */
  readonly kubeletPort: number;
  readonly bootId: string;
}

const leaseNamespace = 'kube-node-lease';
const leaseSeconds = 40;
const renewMs = 10_000;
const heartbeatMs = 300_000;

/** Registers a node, then keeps its Lease and status fresh until the signal. The first registration is awaited by nobody: the API may come later. */
export async function keepRegistered(registration: Registration, { client, clock, log, signal }: { readonly client: Client; readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal }): Promise<void> {
  let statusAtMs = -Infinity;
  let waitMs = 200;
  while (!signal.aborted) {
    try {
      if (clock.now() - statusAtMs >= heartbeatMs || !(await exists(client, registration.name, signal))) {
        await register(client, registration, clock.now(), signal);
        if (statusAtMs === -Infinity) log.info({ node: registration.name }, 'Node registered');
        statusAtMs = clock.now();
      }
      await renewLease(client, registration.name, clock.now(), signal);
      waitMs = renewMs;
    } catch (e) {
      if (signal.aborted) return;
      // While the API is away that is no news; what it refuses would end in a node that counts as lost.
      const level = e instanceof StatusError && e.reason !== 'ConnectionLost' && waitMs === renewMs ? 'warn' : 'debug';
      log[level]({ node: registration.name, error: e instanceof Error ? e.message : String(e) }, 'Node not registered or its lease not renewed; trying again');
      waitMs = Math.min(renewMs, Math.max(200, waitMs === renewMs ? 200 : waitMs * 2));
    }
    await pause(clock, waitMs, signal);
  }
}

async function exists(client: Client, name: string, signal: AbortSignal): Promise<boolean> {
  return client.get(Nodes, { name }, { signal }).then(() => true, (e: unknown) => (isNotFound(e) ? false : Promise.reject(e instanceof Error ? e : new Error(String(e)))));
}

async function register(client: Client, registration: Registration, nowMs: number, signal: AbortSignal): Promise<void> {
  await client.create(Nodes, nodeObject(registration), { signal }).catch((e: unknown) => {
    if (!isAlreadyExists(e)) throw e;
  });
  await client.patch(Nodes, { name: registration.name }, { status: nodeStatus(registration, nowMs) }, { type: 'strategic', subresource: 'status', signal });
}

async function renewLease(client: Client, name: string, nowMs: number, signal: AbortSignal): Promise<void> {
  const renewTime = new Date(nowMs).toISOString().replace('Z', '000Z');
  try {
    await client.patch(Leases, { namespace: leaseNamespace, name }, { spec: { renewTime } }, { type: 'merge', signal });
  } catch (e) {
    if (!isNotFound(e)) throw e;
    const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace: leaseNamespace, name }, spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime } };
    await client.create(Leases, lease, { signal }).catch(async (e2: unknown) => {
      if (!isNotFound(e2)) throw e2;
      // An API server makes the namespace itself; where it does not, a node may not be allowed to either, and that is then told.
      await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: leaseNamespace } }, { signal });
      await client.create(Leases, lease, { signal });
    });
  }
}

function nodeObject({ name, podCidr, runtimeName }: Registration): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': architecture(), 'beta.kubernetes.io/os': 'linux', 'beta.kubernetes.io/arch': architecture(), 'aweigh.dev/runtime': runtimeName },
    },
    spec: { podCIDR: podCidr, podCIDRs: [podCidr] },
  };
}

/** What the node has and how it is. A simulated node is a big machine; a real one is this machine. */
export function nodeStatus(registration: Registration, nowMs: number): NodeStatus {
  const simulated = registration.runtimeName === 'simulated';
  const capacity = { cpu: simulated ? '512' : String(os.availableParallelism()), memory: simulated ? '4096Gi' : `${Math.floor(os.totalmem() / 1024)}Ki`, pods: simulated ? '5000' : '1000', 'ephemeral-storage': '100Gi' };
  const at = timestamp(nowMs);
  const good = (type: string, status: string, reason: string, message: string) => ({ type, status, reason, message, lastHeartbeatTime: at, lastTransitionTime: at });
  return {
    capacity,
    allocatable: capacity,
    conditions: [
      good('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'the node has sufficient memory available'),
      good('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'the node has no disk pressure'),
      good('PIDPressure', 'False', 'KubeletHasSufficientPID', 'the node has sufficient PID available'),
      good('Ready', 'True', 'KubeletReady', 'the node runs pods'),
    ],
    addresses: [{ type: 'InternalIP', address: registration.hostIp }, { type: 'Hostname', address: registration.name }],
    daemonEndpoints: registration.kubeletPort === 0 ? undefined : { kubeletEndpoint: { Port: registration.kubeletPort } },
    nodeInfo: {
      architecture: architecture(), bootID: registration.bootId, containerRuntimeVersion: `aweigh-${registration.runtimeName}://0.1`, kernelVersion: os.release(), kubeProxyVersion: '', kubeletVersion: 'v1.35.4',
      machineID: registration.bootId.replaceAll('-', ''), operatingSystem: 'linux', osImage: os.version(), systemUUID: registration.bootId,
    },
  };
}

function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
