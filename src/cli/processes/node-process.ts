import { join } from 'node:path';
import { kindsThatNameImages } from '../../api/kinds.ts';
import { CertificateAuthority } from '../../engine/apiserver/certificates/authority.ts';
import { startNode } from '../../engine/node/start.ts';
import { aborted } from '../aborted.ts';
import { dataRoot } from '../data-option.ts';
import type { Terminal } from '../terminal.ts';
import { addressRanges } from './address-ranges.ts';
import { openDataDirectory } from './data-directory.ts';
import { partClient } from './part-client.ts';
import type { PartOptions } from './part-options.ts';

export interface NodePartOptions extends PartOptions {
  readonly nodes: number;
  readonly runtime: 'process' | 'simulated';
  readonly containerLogMaxSize: number;
  readonly containerLogMaxFiles: number;
}

/** SIGTERM stops the pods; after a crash they run on, and the next node process takes them over. */
export async function runNodeProcess(terminal: Terminal, options: NodePartOptions): Promise<void> {
  const { clock, env, log, random, signal } = terminal;
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const client = await partClient(terminal, data, options.port, data.tokens.node);
  // The API server has made it by now: partClient waits for its certificate.
  const authority = await CertificateAuthority.open(join(data.root, 'pki'), clock);
  const node = await startNode({
    kubelet: { ...(await authority.serving('kubelet', ['127.0.0.1'])), clientCaPem: authority.caPem },
    client, dataDir: data.root, podCidr: (await addressRanges(data.root, random)).pods, runtime: options.runtime, clock, log, random,
    logLimits: { maxSizeBytes: options.containerLogMaxSize, maxFiles: options.containerLogMaxFiles }, keepImagesOf: kindsThatNameImages,
    nodeNames: Array.from({ length: options.nodes }, (_, i) => `node-${i + 1}`),
    ...(env['PATH'] === undefined ? {} : { hostPath: env['PATH'] }), podEnv: { AWEIGH_BIN: env['AWEIGH_BIN'] ?? terminal.program.join(' ') },
  });
  await aborted(signal);
  await node.stopAllPods();
  await node.close();
  client.close();
}
