import { startNetwork } from '../../engine/network/start.ts';
import { aborted } from '../aborted.ts';
import { dataRoot } from '../data-option.ts';
import type { Terminal } from '../terminal.ts';
import { addressRanges, claimForNetwork, clusterDns, openRoutes } from './address-ranges.ts';
import { openDataDirectory } from './data-directory.ts';
import { freePartClient } from './part-client.ts';
import type { FreePartOptions } from './part-options.ts';

export interface NetworkPartOptions extends FreePartOptions {
  readonly nodeIp: string;
}

export async function runNetworkProcess(terminal: Terminal, options: NetworkPartOptions): Promise<void> {
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const client = await freePartClient(terminal, data, options, data.tokens.network);
  const ranges = options.serviceCidr === undefined ? await addressRanges(data.root, terminal.random) : undefined;
  if (ranges !== undefined) await claimForNetwork(ranges);
  const services = options.serviceCidr ?? ranges!.services;
  if (options.kubeconfig !== undefined) await openRoutes(data, [services]);
  const dns = clusterDns(services);
  const network = await startNetwork({ client, dataDir: data.network, log: terminal.log, clock: terminal.clock, nodeAddress: options.nodeIp, dnsAddress: dns.address, dnsPort: dns.port, dnsOnPort53: dns.onPort53 });
  await aborted(terminal.signal);
  await network.close();
  client.close();
}
