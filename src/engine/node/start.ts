import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import { ConfigMaps, Pods, Secrets, Services } from '../../client/kinds.ts';
import type { KubernetesObject, Resource } from '../../client/resource.ts';
import type { Clock, Random } from '../../runtime/clock.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';
import type { Logger } from '../../runtime/logger.ts';
import { startReflector } from '../../runtime/reflector.ts';
import { runControllers } from '../../runtime/run-controllers.ts';
import { openImageStore } from '../images/image-store.ts';
import { namedImages } from '../images/named-images.ts';
import { Gate } from './gate.ts';
import { collectImages } from './image-collection.ts';
import { followLogs } from './kubelet/follow-logs.ts';
import type { LogLimits } from './kubelet/log-window.ts';
import { startKubeletServer, type KubeletTls } from './kubelet/server.ts';
import { UsageSampler } from './kubelet/usage-sampler.ts';
import { localVolumes } from './local-volumes.ts';
import { keepMemoryLimits } from './memory-limits.ts';
import type { NodeContext } from './node-context.ts';
import { keepRegistered } from './node-registration.ts';
import { PodWorkers } from './pod-workers.ts';
import { hostsFile } from './hosts-file.ts';
import { resolvConf, type ClusterDns } from './resolv-conf.ts';
import { splitCidr } from './runtime/address-pool.ts';
import { namespaceNetwork, type PodNetworkName } from './runtime/process/pod-network.ts';
import { bootId } from './runtime/process/proc.ts';
import { processRuntime } from './runtime/process/process-runtime.ts';
import type { Runtime } from './runtime/runtime.ts';
import { simulatedRuntime } from './runtime/simulated.ts';

export type RuntimeName = 'process' | 'simulated';

export interface NodeOptions {
  readonly client: Client;
  /** One or more; each becomes a Node. Default `node-1` and `node-2`. */
  readonly nodeNames?: readonly string[];
  /** The cluster's data: images are in `images`, pods in `node`, persistent volumes in `volumes`. */
  readonly dataDir: string;
  /** Range of pod addresses, shared out among the nodes. Default 127.64.0.0/12. */
  readonly podCidr?: string;
  /** Default `process`. */
  readonly runtime?: RuntimeName;
  /** Address of the nodes. Default 127.0.0.1. */
  readonly hostIp?: string;
  /** The Node.js that `node` in images means. Default: the one that runs this. */
  readonly nodePath?: string;
  /** What containers find where it is, whatever they mount above it. */
  readonly programFolders?: readonly string[];
  /** PATH for programs of this machine. */
  readonly hostPath?: string;
  /** Where the cluster's names are answered: in every container's `CLUSTER_DNS`, and in its resolv.conf where that can be. */
  readonly dns?: ClusterDns;
  /** Default `host`. */
  readonly podNetwork?: PodNetworkName;
  /** Given to every container. */
  readonly podEnv?: Readonly<Record<string, string>>;
  /** Serves logs and resource usage to the API server. Absent: nowhere. */
  readonly kubelet?: KubeletTls & { /** The first node's, those of others follow. Default: free ones. */ readonly port?: number };
  /** How much of each container's log is kept. Default 5 times 10 MiB. */
  readonly logLimits?: LogLimits;
  /** The longest wait of a container that ended for its next start. Default 300,000. */
  readonly maxRestartDelayMs?: number;
  /** Kinds whose objects name images to keep by digest, besides Kubernetes's own. Absent: no image is ever deleted. */
  readonly keepImagesOf?: readonly Resource<KubernetesObject>[];
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the node's work like `close`. */
  readonly signal?: AbortSignal;
}

export interface RunningNode {
  /** Resolves when running pods are adopted and the API's pods are known. */
  readonly ready: Promise<void>;
  readonly pods: PodWorkers;
  /** Stops all pods within their grace periods, in parallel. They stay in the API, and start again with the node. */
  stopAllPods(): Promise<void>;
  /** Ends the node's work; its pods go on. */
  close(): Promise<void>;
}

const defaultLogLimits: LogLimits = { maxSizeBytes: 10 * 1_048_576, maxFiles: 5 };
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The kubelet's work for one or more nodes of this machine. @throws {RangeError} for a pod range that is none */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { client, clock, random, log, nodeNames = ['node-1', 'node-2'], hostIp = '127.0.0.1', podCidr = '127.64.0.0/12' } = options;
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const cidrs = splitCidr(podCidr, nodeNames.length);
  const podCidrs = new Map(nodeNames.map((name, i) => [name, cidrs[i]!]));
  const folder = join(options.dataDir, 'node');
  const volumes = join(options.dataDir, 'volumes');
  mkdirSync(volumes, { recursive: true, mode: 0o700 });
  const images = openImageStore(join(options.dataDir, 'images'));
  const runtime: Runtime =
    options.runtime === 'simulated'
      ? simulatedRuntime({ podCidr, hostIp, folder, clock })
      : processRuntime({ folder, kept: [volumes, ...(options.programFolders ?? [])], images, podCidrs, hostIp, nodePath: options.nodePath ?? process.execPath, hostPath: options.hostPath ?? defaultPath, ...(options.podNetwork === 'netns' ? { network: namespaceNetwork(folder) } : {}), clock, log, signal });

  const follow = { client, clock, random, log, signal };
  const { dns } = options;
  const events = createEventRecorder({ client, clock, log }, 'kubelet');
  const context: NodeContext = {
    client, runtime, clock, log, events, signal,
    configMaps: startReflector(ConfigMaps, follow),
    secrets: startReflector(Secrets, follow),
    services: startReflector(Services, follow),
    writes: new Gate(statusWritesAtATime),
    ...(options.maxRestartDelayMs !== undefined && { maxRestartDelayMs: options.maxRestartDelayMs }),
    baseEnv: new Map(Object.entries({ ...(dns === undefined ? {} : { CLUSTER_DNS: `${dns.address}:${dns.port}` }), ...options.podEnv })),
    resolvConf: (pod) => resolvConf(pod, dns, machineFile('/etc/resolv.conf')),
    hosts: (pod, podIp) => hostsFile(pod, podIp, dns, machineFile('/etc/hosts')),
  };
  const only = nodeNames.length === 1 ? { fieldSelector: `spec.nodeName=${nodeNames[0]}` } : {};
  const pods = new PodWorkers(context, nodeNames);
  const ready = pods.start(startReflector(Pods, { ...follow, ...only }));
  const usage = new UsageSampler(runtime, clock);
  const { kubelet } = options;
  // A server for each node: what asks them all must not count a pod twice.
  const kubelets = new Map(kubelet === undefined ? [] : await Promise.all(nodeNames.map(async (nodeName, i) => [nodeName, await startKubeletServer({ host: hostIp, port: kubelet.port === undefined || kubelet.port === 0 ? 0 : kubelet.port + i, nodeName, tls: kubelet, workers: () => pods, usage, runtime, clock, log })] as const)));
  followLogs(pods, options.logLimits ?? defaultLogLimits, { clock, log, signal });
  if (runtime.runsPrograms) keepMemoryLimits(pods, runtime, { clock, events, signal });
  const { keepImagesOf } = options;
  if (keepImagesOf !== undefined) collectImages(images, () => namedImages(client, keepImagesOf), { clock, log, signal });
  const registered = Promise.all(nodeNames.map((name) => keepRegistered({ name, podCidr: podCidrs.get(name)!, hostIp, runtimeName: runtime.name, kubeletPort: kubelets.get(name)?.port ?? 0, bootId: bootId() }, follow)));
  const providing = runControllers({ ...follow, factories: [localVolumes({ nodeNames, root: volumes })] });
  ready.catch((e: unknown) => log.error({ error: e instanceof Error ? e.message : String(e) }, 'The node could not take over its pods'));

  return {
    ready,
    pods,
    async stopAllPods() {
      // Neither the clock's timers nor the pods' processes keep this process alive until they are stopped.
      const alive = setInterval(() => undefined, 1_000);
      await pods.halt().then(() => runtime.rest()).finally(() => clearInterval(alive));
    },
    async close() {
      stop.abort();
      for (const server of kubelets.values()) server.close();
      await Promise.allSettled([ready, registered, providing]);
    },
  };
}

const statusWritesAtATime = 16;

const machineFile = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
