import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { stringify } from 'yaml';
import type { Application } from '../../api/application/application.ts';
import { Deployments, Services } from '../../client/kinds.ts';
import { adopt, giveBack } from '../adoption/adopt.ts';
import { applicationFrom } from '../adoption/application-from.ts';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { countFrom } from '../count-option.ts';
import { readManifests } from '../operations/apply-manifests.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

interface AdoptOptions extends AccessOptions {
  readonly service?: string;
  readonly name?: string;
  readonly file?: string;
  readonly version?: string;
  readonly timeout: number;
  readonly dryRun?: boolean;
  readonly giveBack?: boolean;
}

export function adoptCommand(terminal: Terminal): Command {
  return withAccess(new Command('adopt').description('put an Application in the place of an existing Deployment behind its Service, without a failed request; or give them back'))
    .argument('<deployment>')
    .option('--service <name>', 'the Service that its users call (default: of the same name)')
    .option('--name <application>', "the Application's name (default: the Deployment's)")
    .option('--file <file>', 'an Application of your own; --dry-run prints one to begin with')
    .option('--version <version>', "what the Deployment runs (default: its image's tag)")
    .option('--timeout <seconds>', 'for pods to become ready', countFrom(1), 600)
    .option('--dry-run', 'print the Application that would be made, and change nothing')
    .option('--give-back', 'the Deployment runs what production runs now, serves its Service again, and the Application is deleted')
    .action((deployment: string, options: AdoptOptions) => useCluster(terminal, options, async (access) => {
      const service = options.service ?? deployment;
      const name = options.name ?? deployment;
      const context = { access, clock: terminal.clock, signal: terminal.signal, deadlineMs: options.timeout * 1_000, tell: (step: string) => void terminal.out.write(`${step}\n`) };
      if (options.giveBack === true) return giveBack({ deployment, service }, context);
      if (options.dryRun === true) {
        const key = (of: string) => ({ namespace: access.namespace, name: of });
        terminal.out.write(stringify(applicationFrom(await access.client.get(Deployments, key(deployment)), await access.client.get(Services, key(service)), name)));
        return;
      }
      const application = options.file === undefined ? undefined : readApplication(resolve(terminal.workingDirectory, options.file), name);
      await adopt({ deployment, service, name, version: options.version, actor: terminal.actor, ...(application !== undefined && { application }) }, context);
    }));
}

function readApplication(file: string, name: string): Application {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UserError(`Cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
  const found = readManifests(text, file).find((o) => o.kind === 'Application');
  if (found === undefined) throw new UserError(`${file} holds no Application: 'aweigh adopt DEPLOYMENT --dry-run' prints one to begin with`);
  if (found.metadata?.name !== name) throw new UserError(`${file} holds the Application ${found.metadata?.name}, not ${name}: name it with --name ${found.metadata?.name}`);
  return found as Application;
}
