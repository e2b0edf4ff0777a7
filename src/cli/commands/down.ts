import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { dataOption, dataRoot } from '../data-option.ts';
import { waitFor } from '../operations/wait-for.ts';
import { closeRoutes } from '../processes/address-ranges.ts';
import { openDataDirectory, type DataDirectory } from '../processes/data-directory.ts';
import { readIdentity } from '../processes/part.ts';
import { isRunning, type ProcessIdentity } from '../processes/process-identity.ts';
import { stopLeftPods, supervisorFile } from '../processes/supervisor.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

const DEADLINE_MS = 90_000;

export function downCommand(terminal: Terminal): Command {
  return new Command('down').description('stop the pods and the cluster of a data directory; what it holds stays')
    .addOption(dataOption())
    .action(async (options: { data?: string }) => {
      const root = dataRoot(terminal, options.data);
      if (!existsSync(join(root, 'format'))) throw new UserError(`${root} is no data directory: name the cluster's with --data`);
      const data = openDataDirectory(root);
      const stopped = await stopAll(terminal, data);
      await stopLeftPods({ ...terminal, data });
      await closeRoutes(data);
      terminal.out.write(stopped === 0 ? `Nothing runs in ${root}\n` : `Stopped; 'aweigh up --data ${root}' starts it again as it was\n`);
    });
}

/** The supervisor stops its parts in order; parts whose supervisor was killed are stopped in the same order here. */
async function stopAll(terminal: Terminal, data: DataDirectory): Promise<number> {
  let stopped = 0;
  for (const name of ['supervisor', 'control-plane', 'node', 'network', 'network-standby']) {
    const file = name === 'supervisor' ? supervisorFile(data) : join(data.run, `${name}.json`);
    const identity = readIdentity(file);
    if (identity !== undefined && isRunning(identity)) {
      await stop(terminal, name, identity);
      stopped++;
    }
    rmSync(file, { force: true });
  }
  return stopped;
}

async function stop({ clock, signal }: Terminal, name: string, identity: ProcessIdentity): Promise<void> {
  process.kill(identity.pid, 'SIGTERM');
  await waitFor(`${name} (process ${identity.pid}) to stop`, { clock, deadlineMs: DEADLINE_MS, signal }, () => (isRunning(identity) ? undefined : true));
}
