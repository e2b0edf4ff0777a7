import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { Deliveries } from '../../api/kinds.ts';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { countFrom } from '../count-option.ts';
import { dataOption, dataRoot } from '../data-option.ts';
import { deployments, recordedChanges, type Deployment, type RecordedChange } from '../operations/record-log.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

export function recordCommand(terminal: Terminal): Command {
  const command = new Command('record').description('the git history of every change');
  command.command('log').description('the history of deployments, newest first: what, when, who, why, how it ended').argument('[application]')
    .addOption(dataOption()).addOption(outputOption())
    .option('--record <dir>', 'a clone of the record, such as that of a cluster of others (default: that of the embedded one)')
    .option('--changes', 'each change, not each release')
    .option('-n, --number <count>', 'of at most so many commits', countFrom(1), 500)
    .option('--namespace <name>', 'of the Application', 'default')
    .action((application: string | undefined, options: { data?: string; record?: string; output: OutputFormat; number: number; namespace: string; changes?: boolean }) => {
      const changes = recordedChanges(recordDirectory(terminal, options.data, options.record), application === undefined ? undefined : `applications/${options.namespace}/${application}`, options.number);
      if (changes.length === 0 && application !== undefined) throw new UserError(`No change of ${application} in namespace ${options.namespace} is on record: 'aweigh record log' shows what is, --namespace names another`);
      if (options.changes === true) print(terminal, options.output, changes, changesText);
      else print(terminal, options.output, deployments(changes), deploymentsText);
    });
  command.command('path').description('the work tree: clone it, read it, git revert in it').addOption(dataOption())
    .action((options: { data?: string }) => { terminal.out.write(`${recordDirectory(terminal, options.data)}\n`); });
  withAccess(command.command('diff').description('where the cluster differs from the record, and what became of it (mended, adopted, reported)').argument('[application]'))
    .addOption(outputOption())
    .action((application: string | undefined, options: AccessOptions & { output: OutputFormat }) => useCluster(terminal, options, async ({ client, namespace }) => {
      const { items } = await client.list(Deliveries, { namespace });
      const drift = items.filter((d) => application === undefined || d.metadata?.name === application).flatMap((d) => (d.status?.drift ?? []).map((found) => ({ application: d.metadata?.name ?? '', ...found })));
      print(terminal, options.output, drift, (all) => (all.length === 0 ? 'The cluster is as the record says' : table(['APPLICATION', 'OBJECT', 'DIFFERS', 'BY', 'AT', 'OUTCOME'], all.map((d) => [d.application, d.object, d.fields.join(', '), d.by ?? '', minute(d.at), d.outcome]))));
    }));
  return command;
}

function recordDirectory(terminal: Terminal, data: string | undefined, clone?: string): string {
  const directory = clone === undefined ? join(dataRoot(terminal, data), 'record') : resolve(terminal.workingDirectory, clone);
  if (!existsSync(join(directory, '.git'))) throw new UserError(`There is no record in ${directory}: ${clone === undefined ? "name the cluster's directory with --data, or a clone of the record with log --record" : 'clone its remote, and name that folder'}`);
  return directory;
}

const minute = (at: string): string => at.slice(0, 16).replace('T', ' ');

function deploymentsText(all: readonly Deployment[]): string {
  return table(['WHEN', 'APPLICATION', 'WHAT', 'WHO', 'WHY', 'ENDED'], all.map((d) => [
    minute(d.startedAt), d.application, d.what, d.who, d.why, d.release === undefined ? '' : d.endedAt === undefined ? (d.phase ?? '') : `${d.phase} ${minute(d.endedAt)}: ${d.outcome}`,
  ]));
}

function changesText(all: readonly RecordedChange[]): string {
  return all.map((c) => `${c.commit.slice(0, 10)}  ${minute(c.at)}  ${c.application}  ${c.who} (${c.why}): ${c.what}`).join('\n');
}
