import { resolve } from 'node:path';
import { Command } from 'commander';
import { dataOption, dataRoot } from '../data-option.ts';
import { backUpCluster, restoreCluster } from '../operations/backup-cluster.ts';
import { gitEnvironment } from '../processes/git-environment.ts';
import type { Terminal } from '../terminal.ts';

export function backupCommand(terminal: Terminal): Command {
  return new Command('backup').description('write the whole cluster (objects, keys, images, record) into one file, while it runs')
    .argument('<file>', 'a new file, such as cluster.tar.gz; it holds secrets and is readable by its owner only').addOption(dataOption())
    .action(async (file: string, options: { data?: string }) => {
      const target = resolve(terminal.workingDirectory, file);
      const { sizeBytes } = await backUpCluster(dataRoot(terminal, options.data), target, gitEnvironment(terminal.env), terminal.clock.now());
      terminal.out.write(`Backed up to ${target} (${(sizeBytes / 1_048_576).toFixed(1)} MB)\n`);
    });
}

export function restoreCommand(terminal: Terminal): Command {
  return new Command('restore').description('make a data directory from a backup')
    .argument('<file>', "what 'aweigh backup' wrote").addOption(dataOption())
    .action(async (file: string, options: { data?: string }) => {
      const root = dataRoot(terminal, options.data);
      const { takenAt } = await restoreCluster(resolve(terminal.workingDirectory, file), root, gitEnvironment(terminal.env));
      terminal.out.write(`Restored ${root} as it was at ${takenAt}; start it with 'aweigh up --data ${root}'\n`);
    });
}
