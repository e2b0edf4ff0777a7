import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { buildImage } from '../../engine/images/build-image.ts';
import { openImageStore, type ImageStore } from '../../engine/images/image-store.ts';
import { loadArchive } from '../../engine/images/load-archive.ts';
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
  return command;
}

function size(bytes: number): string {
  return bytes >= 1_048_576 ? `${(bytes / 1_048_576).toFixed(1)} MB` : `${(bytes / 1_024).toFixed(1)} kB`;
}
