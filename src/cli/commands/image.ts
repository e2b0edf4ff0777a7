import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { kindsThatNameImages } from '../../api/kinds.ts';
import { buildImage } from '../../engine/images/build-image.ts';
import { openImageStore, type ImageStore } from '../../engine/images/image-store.ts';
import { loadArchive } from '../../engine/images/load-archive.ts';
import { namedImages } from '../../engine/images/named-images.ts';
import { parseReference } from '../../engine/images/reference.ts';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { dataOption, dataRoot } from '../data-option.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

/** The image store of a data directory. */
export const imagesOf = (root: string): string => join(root, 'images');

export function imageCommand(terminal: Terminal): Command {
  const command = new Command('image').description("the cluster's images");
  const storeOf = (options: { data?: string }): ImageStore => openImageStore(imagesOf(dataRoot(terminal, options.data)));
  command.command('build').description('pack a folder; its image.json says how to run it').argument('<dir>').requiredOption('-t, --tag <name:tag>', 'such as account-service:v1.18.0').addOption(dataOption())
    .action(async (dir: string, options: { tag: string; data?: string }) => {
      const built = await buildImage(resolve(terminal.workingDirectory, dir), options.tag, storeOf(options));
      terminal.out.write(`Built ${built.tag} ${built.digest} (${built.files} files, ${size(built.sizeBytes)})\n`);
    });
  command.command('load').description('take in an OCI or Docker archive').argument('<file>').addOption(dataOption())
    .action(async (file: string, options: { data?: string }) => {
      for (const loaded of await loadArchive(resolve(terminal.workingDirectory, file), storeOf(options))) terminal.out.write(`Loaded ${loaded.tag ?? '(no tag)'} ${loaded.digest}\n`);
    });
  command.command('list').description('what the store holds').addOption(dataOption()).addOption(outputOption())
    .action(async (options: { data?: string; output: OutputFormat }) => {
      print(terminal, options.output, await storeOf(options).list(), (all) => table(['IMAGE', 'DIGEST', 'SIZE'], all.map((i) => [i.tags.join(', '), i.digest.slice(0, 19), size(i.sizeBytes)])));
    });
  command.command('remove').description('take away a tag; its content goes with prune').argument('<image>', 'name:tag').addOption(dataOption())
    .action(async (image: string, options: { data?: string }) => {
      await storeOf(options).remove(image);
      terminal.out.write(`Removed ${image}\n`);
    });
  withAccess(command.command('prune').description('delete what no tag keeps and nothing in the running cluster names; the node does so every hour'))
    .option('--keep <n>', 'keep only the newest N tags of each name, and those that the cluster names', readKept)
    .option('--dry-run', 'only say what would go')
    .action((options: AccessOptions & { keep?: number; dryRun?: boolean }) => useCluster(terminal, options, async ({ client }) => {
      const store = storeOf(options);
      const named = await namedImages(client, kindsThatNameImages);
      for (const tag of options.keep === undefined ? [] : surplusTags(await store.tags(), named, options.keep)) {
        if (options.dryRun !== true) await store.remove(tag);
        terminal.out.write(`${options.dryRun === true ? 'Would remove' : 'Removed'} ${tag}\n`);
      }
      if (options.dryRun !== true) terminal.out.write(`Freed ${size(await store.prune(named, terminal.clock.now()))}\n`);
    }));
  return command;
}

/** Tags beyond the newest `keep` of their name whose image nothing names by tag or digest. */
function surplusTags(tags: Awaited<ReturnType<ImageStore['tags']>>, named: ReadonlySet<string>, keep: number): string[] {
  const byName = Map.groupBy(tags, (t) => parseReference(t.tag).name);
  return [...byName.values()].flatMap((group) => group.slice(keep)).filter((t) => !named.has(t.digest) && !named.has(t.tag)).map((t) => t.tag);
}

function readKept(text: string): number {
  const kept = Number(text);
  if (!Number.isInteger(kept) || kept < 1) throw new InvalidArgumentError('Keep at least 1 tag of each name.');
  return kept;
}

function size(bytes: number): string {
  return bytes >= 1_048_576 ? `${(bytes / 1_048_576).toFixed(1)} MB` : `${(bytes / 1_024).toFixed(1)} kB`;
}
