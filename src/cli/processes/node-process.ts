import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { kindsThatNameImages } from '../../api/kinds.ts';
import { CertificateAuthority } from '../../engine/apiserver/certificates/authority.ts';
import { startNode } from '../../engine/node/start.ts';
import type { PodNetworkName } from '../../engine/node/runtime/process/pod-network.ts';
import { aborted } from '../aborted.ts';
import { dataRoot } from '../data-option.ts';
import { packageRoot } from '../program.ts';
import type { Terminal } from '../terminal.ts';
import { addressRanges, clusterDns, localRanges, openRoutes, type AddressRanges } from './address-ranges.ts';
import { openDataDirectory } from './data-directory.ts';
import { Faults } from './faults.ts';
import { freePartClient } from './part-client.ts';
import type { FreePartOptions } from './part-options.ts';

export interface NodePartOptions extends FreePartOptions {
  readonly nodes: number;
  readonly runtime: 'process' | 'simulated';
  readonly podCidr?: string;
  readonly podNetwork?: PodNetworkName;
  readonly nodeIp: string;
  readonly kubeletPort: number;
  readonly clientCaFile?: string;
  /** See {@link Faults}; only tests name one. */
  readonly faults?: string;
  readonly maxContainerRestartPeriod?: number;
  readonly containerLogMaxSize: number;
  readonly containerLogMaxFiles: number;
}

/** SIGTERM stops the pods; after a crash they run on, and the next node process takes them over. */
export async function runNodeProcess(terminal: Terminal, options: NodePartOptions): Promise<void> {
  const { clock, env, log, random, signal } = terminal;
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const client = new Faults(options.faults, 'node').client(await freePartClient(terminal, data, options, data.tokens.node));
  const known = options.podCidr === undefined || options.serviceCidr === undefined ? await addressRanges(data.root, random) : undefined;
  const ranges: AddressRanges = { pods: options.podCidr ?? known!.pods, services: options.serviceCidr ?? known!.services, podNetwork: options.podNetwork ?? known?.podNetwork };
  // The supervisor of an embedded cluster has made them.
  if (options.kubeconfig !== undefined) await openRoutes(data, localRanges(ranges).filter((range) => range !== ranges.services));
  // The API server has made it by now: partClient waits for its certificate.
  const authority = await CertificateAuthority.open(join(data.root, 'pki'), clock);
  const node = await startNode({
    kubelet: { ...(await authority.serving('kubelet', [...new Set(['127.0.0.1', options.nodeIp])])), clientCaPem: options.clientCaFile === undefined ? authority.caPem : readFileSync(resolve(terminal.workingDirectory, options.clientCaFile), 'utf8'), port: options.kubeletPort },
    hostIp: options.nodeIp, dns: clusterDns(ranges.services), podNetwork: ranges.podNetwork,
    client, dataDir: data.root, podCidr: ranges.pods, runtime: options.runtime, clock, log, random,
    ...(options.maxContainerRestartPeriod !== undefined && { maxRestartDelayMs: options.maxContainerRestartPeriod * 1_000 }),
    logLimits: { maxSizeBytes: options.containerLogMaxSize, maxFiles: options.containerLogMaxFiles }, keepImagesOf: kindsThatNameImages,
    nodeNames: Array.from({ length: options.nodes }, (_, i) => `node-${i + 1}`),
    ...(env['PATH'] === undefined ? {} : { hostPath: env['PATH'] }), programFolders: [dirname(process.execPath), resolve(packageRoot())], podEnv: { AWEIGH_BIN: env['AWEIGH_BIN'] ?? terminal.program.join(' ') },
  });
  await aborted(signal);
  await node.stopAllPods();
  await node.close();
  client.close();
}
