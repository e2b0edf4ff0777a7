import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { applyManifests } from '../operations/apply-manifests.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

export function applyCommand(terminal: Terminal): Command {
  return withAccess(new Command('apply').description('apply Applications and any other resources, as kubectl apply --server-side does'))
    .argument('<file...>', 'YAML files')
    .action((files: string[], options: AccessOptions) => useCluster(terminal, options, async ({ client, namespace }) => {
      const texts = files.map((file) => ({ file, text: readText(resolve(terminal.workingDirectory, file)) }));
      for (const { file, text } of texts) {
        const applied = await applyManifests(client, text, file, namespace);
        if (applied.length === 0) throw new UserError(`${file} holds no object: nothing of it was applied`);
        for (const one of applied) terminal.out.write(`Applied ${one}\n`);
      }
    }));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(code === 'ENOENT' ? `There is no file ${file}` : code === 'EISDIR' ? `${file} is a folder: name its files, such as ${file}/*.yaml` : `Cannot read ${file}: ${message}`, { cause: error });
  }
}
