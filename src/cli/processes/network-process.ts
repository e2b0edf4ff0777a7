import { startNetwork } from '../../engine/network/start.ts';
import { aborted } from '../aborted.ts';
import { dataRoot } from '../data-option.ts';
import type { Terminal } from '../terminal.ts';
import { openDataDirectory } from './data-directory.ts';
import { partClient } from './part-client.ts';
import type { PartOptions } from './part-options.ts';

export async function runNetworkProcess(terminal: Terminal, options: PartOptions): Promise<void> {
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const client = await partClient(terminal, data, options.port, data.tokens.network);
  const network = await startNetwork({ client, dataDir: data.network, log: terminal.log, clock: terminal.clock, dnsPort: 0 });
  await aborted(terminal.signal);
  await network.close();
  client.close();
}
