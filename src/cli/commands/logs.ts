import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { LABELS } from '../../api/group.ts';
import { Pods } from '../../client/kinds.ts';
import { useCluster, withAccess, type AccessOptions, type ClusterAccess } from '../cluster-access.ts';
import { countFrom } from '../count-option.ts';
import { dataRoot } from '../data-option.ts';
import { copyPodLogs } from '../operations/copy-pod-logs.ts';
import { getApplication } from '../operations/releases-of.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

interface LogsOptions extends AccessOptions {
  readonly follow?: boolean;
  readonly tail: number;
  readonly part?: string;
  /** Named `ofVersion`: `version` is the program's own flag. */
  readonly ofVersion?: string;
}

export function logsCommand(terminal: Terminal): Command {
  return withAccess(new Command('logs').description("what an Application's pods wrote, or one of the cluster's own processes"))
    .argument('[application]').argument('[track]')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('--tail <lines>', 'last lines of each', countFrom(0), 20)
    .option('--of-version <version>', 'only pods of this version')
    .addOption(new Option('--part <part>', "a process of the embedded cluster instead of an Application").choices(['control-plane', 'node', 'network', 'up']))
    .action(async (application: string | undefined, track: string | undefined, options: LogsOptions) => {
      if (options.part !== undefined) return partLog(terminal, options.part, options);
      if (application === undefined) throw new UserError('Name an Application, or a process of the cluster with --part', { exitCode: 2 });
      await useCluster(terminal, options, (access) => podLogs(terminal, access, application, track, options));
    });
}

function partLog(terminal: Terminal, part: string, options: LogsOptions): void {
  const file = join(dataRoot(terminal, options.data), 'logs', `${part}.log`);
  if (!existsSync(file)) throw new UserError(`${file} does not exist: no cluster was started there; name its directory with --data`);
  spawnSync('tail', ['-n', String(options.tail), ...(options.follow === true ? ['-F'] : []), file], { stdio: 'inherit' });
}

async function podLogs(terminal: Terminal, access: ClusterAccess, application: string, track: string | undefined, options: LogsOptions): Promise<void> {
  const { client, namespace } = access;
  const { spec: { tracks } } = await getApplication(access, application);
  if (track !== undefined && !tracks.some((t) => t.name === track)) throw new UserError(`${application} has no track ${track}: its tracks are ${tracks.map((t) => t.name).join(', ')}`);
  const selector = [`${LABELS.application}=${application}`, ...(track === undefined ? [] : [`${LABELS.track}=${track}`]), ...(options.ofVersion === undefined ? [] : [`${LABELS.version}=${options.ofVersion}`])].join(',');
  const { items } = await client.list(Pods, { namespace, labelSelector: selector });
  if (items.length === 0) throw new UserError(`No pods match ${selector}: 'aweigh status ${application}' shows what runs`);
  await copyPodLogs(terminal, access, items, options);
}
