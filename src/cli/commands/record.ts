import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { Deliveries } from '../../api/kinds.ts';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { dataOption, dataRoot } from '../data-option.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

interface Commit {
  readonly commit: string;
  readonly at: string;
  readonly author: string;
  readonly subject: string;
}

/** Between the fields of a commit: no subject holds it. */
const FIELD = '\u001F';

export function recordCommand(terminal: Terminal): Command {
  const command = new Command('record').description('the git history of every change');
  command.command('log').description('commits, newest first').argument('[application]')
    .addOption(dataOption()).addOption(outputOption())
    .option('-n, --number <count>', 'at most so many', Number, 50)
    .option('--namespace <name>', 'of the Application', 'default')
    .action((application: string | undefined, options: { data?: string; output: OutputFormat; number: number; namespace: string }) => {
      print(terminal, options.output, commits(recordDirectory(terminal, options.data), application === undefined ? undefined : `applications/${options.namespace}/${application}`, options.number),
        (all) => all.map((c) => `${c.commit.slice(0, 10)}  ${c.at}  ${c.author}: ${c.subject}`).join('\n'));
    });
  command.command('path').description('the work tree: clone it, read it, git revert in it').addOption(dataOption())
    .action((options: { data?: string }) => { terminal.out.write(`${recordDirectory(terminal, options.data)}\n`); });
  withAccess(command.command('diff').description('where the cluster differs from the record (drift is mended by itself)').argument('[application]'))
    .addOption(outputOption())
    .action((application: string | undefined, options: AccessOptions & { output: OutputFormat }) => useCluster(terminal, options, async ({ client, namespace }) => {
      const { items } = await client.list(Deliveries, { namespace });
      const drift = items.filter((d) => application === undefined || d.metadata?.name === application).flatMap((d) => (d.status?.drift ?? []).map((what) => ({ application: d.metadata?.name ?? '', what })));
      print(terminal, options.output, drift, (all) => (all.length === 0 ? 'The cluster is as the record says' : table(['APPLICATION', 'DIFFERS'], all.map((d) => [d.application, d.what]))));
    }));
  return command;
}

function recordDirectory(terminal: Terminal, data: string | undefined): string {
  const directory = join(dataRoot(terminal, data), 'record');
  if (!existsSync(join(directory, '.git'))) throw new UserError(`There is no record in ${directory}: name the cluster's directory with --data`);
  return directory;
}

function commits(directory: string, path: string | undefined, limit: number): Commit[] {
  try {
    const text = execFileSync('git', ['-C', directory, 'log', `-n${limit}`, `--format=%H${FIELD}%cI${FIELD}%an${FIELD}%s`, ...(path === undefined ? [] : ['--', path])], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return text.split('\n').filter((line) => line !== '').map((line) => {
      const [commit = '', at = '', author = '', subject = ''] = line.split(FIELD);
      return { commit, at, author, subject };
    });
  } catch (error) {
    // A repository whose first commit is still to come.
    if (String((error as { stderr?: unknown }).stderr).includes('does not have any commits')) return [];
    throw new UserError(`git could not read ${directory}: ${(error as Error).message}`, { cause: error });
  }
}
