import { InvalidArgumentError, Option } from 'commander';
import { parseCidr } from '../../engine/node/runtime/address-pool.ts';
import type { RuntimeName } from '../../engine/node/start.ts';
import type { PodNetworkName } from '../../engine/node/runtime/process/pod-network.ts';

export interface PartOptions {
  readonly data?: string;
  readonly port: number;
}

/** A part that also works beside a control plane of another make. */
export interface FreePartOptions {
  readonly data?: string;
  /** The embedded API server's port. */
  readonly port?: number;
  /** Of any API server, instead of the port. */
  readonly kubeconfig?: string;
  readonly serviceCidr?: string;
}

export const runtimeOption = (): Option => new Option('--runtime <name>', 'simulated starts nothing and turns pods ready: for scale').choices(['process', 'simulated'] satisfies RuntimeName[]).default('process');

export const podNetworkOption = (): Option => new Option('--pod-network <kind>', "host: pods share the machine's network, each with an address of its own; netns: each has a network namespace, which needs root").choices(['host', 'netns'] satisfies PodNetworkName[]);

export function readRange(text: string): string {
  try {
    parseCidr(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  return text;
}
