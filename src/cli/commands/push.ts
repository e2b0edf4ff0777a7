import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Command } from 'commander';
import type { BuildGroup } from '../../api/build/build.ts';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { dataRoot } from '../data-option.ts';
import { buildImage, resolveImage } from '../operations/build-image.ts';
import { EXIT } from '../exit-code.ts';
import { pushBuild, pushConfig, VERSION } from '../operations/push-build.ts';
import { getApplication } from '../operations/releases-of.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { imagesOf } from './image.ts';

interface PushOptions extends AccessOptions {
  readonly version?: string;
  readonly commit?: string;
  readonly message?: string;
  readonly config?: boolean;
  readonly group?: string;
  readonly inOrder?: boolean;
}

export function pushCommand(terminal: Terminal): Command {
  return withAccess(new Command('push').description('make a Build of a folder or an image, which starts its Release'))
    .argument('<application>').argument('[source]', 'a folder with image.json or an image such as account-service:v1.18.0')
    .option('--config', 'the image that is furthest ahead once more, with the ConfigMaps and Secrets of now')
    .option('--version <version>', "default: the folder's name or the image's tag")
    .option('--commit <sha>', "default: HEAD of the folder's git repository")
    .option('--message <text>', 'what is in it')
    .option('--group <name=applications>', 'release it together with others, such as sale=bank,cart: each of them is pushed with the same')
    .option('--in-order', 'with --group: one after another on each track, as they are named')
    .action((application: string, source: string | undefined, options: PushOptions) => useCluster(terminal, options, async (access) => {
      await getApplication(access, application);
      if ((source === undefined) !== (options.config === true)) throw new UserError('Say what to push: a folder or an image, or --config alone for the same image with new configuration', { exitCode: EXIT.usage });
      if (source === undefined) {
        const build = await pushConfig(access.client, { namespace: access.namespace, application, author: terminal.actor, version: options.version, message: options.message });
        terminal.out.write(`Build ${build.metadata?.name} of ${build.spec.image} with the configuration of now; follow it with: aweigh release watch ${application}\n`);
        return;
      }
      const group = groupOf(application, options);
      const folder = resolve(terminal.workingDirectory, source);
      const isFolder = existsSync(folder) && statSync(folder).isDirectory();
      if (!isFolder && !existsSync(folder) && !/[:@]/.test(source)) throw new UserError(`'${source}' is neither a folder here nor an image with its tag, such as ${application}:v1.18.0`);
      const version = options.version ?? versionOf(isFolder ? basename(folder) : source.split('@')[0]?.split(':').at(-1), source);
      if (!VERSION.test(version)) throw new UserError(`'${version}' is not a version: versions are like v1.18.0`);
      const images = imagesOf(dataRoot(terminal, options.data));
      const imageTag = isFolder ? `${application}:${version}` : source;
      const image = isFolder ? await buildImage(images, folder, imageTag) : await resolveImage(images, source);
      const commit = options.commit ?? (isFolder ? headOf(folder) : undefined);
      const build = await pushBuild(access.client, {
        namespace: access.namespace, application, image, imageTag, version, author: terminal.actor,
        ...(commit === undefined ? {} : { commit }), ...(options.message === undefined ? {} : { message: options.message }), ...(group === undefined ? {} : { group }),
      });
      terminal.out.write(`Build ${build.metadata?.name} of ${image}; follow it with: aweigh release watch ${application}\n`);
    }));
}

function groupOf(application: string, { group, inOrder }: PushOptions): BuildGroup | undefined {
  if (group === undefined) return undefined;
  const [name = '', members = ''] = group.split('=');
  const applications = members.split(',').filter((m) => m !== '');
  if (applications.length < 2 || !applications.includes(application)) throw new UserError(`A group names every Application that is released with ${application}, and ${application} too: --group ${name === '' ? 'sale' : name}=${application},…`, { exitCode: EXIT.usage });
  return { name, applications, ...(inOrder === true && { order: 'inOrder' }) };
}

function versionOf(candidate: string | undefined, source: string): string {
  if (candidate !== undefined && VERSION.test(candidate)) return candidate;
  throw new UserError(`The version cannot be read from '${source}': say it with --version, such as --version v1.18.0`);
}

function headOf(folder: string): string | undefined {
  try {
    return execFileSync('git', ['-C', folder, 'rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
