import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Git } from './git-command.ts';
import { replaceFile, syncPath } from './sync-path.ts';

/** Beside git's own file, which a person may change. */
const SETTINGS = 'aweigh.gitconfig';
const INCLUDE = `[include]\n\tpath = ${SETTINGS}\n`;
const TEXT = `# Written by Aweigh at each start. What stands in 'config' below the line that includes this file holds over it.
[receive]
\t# Who pushes into the record finds it in the work tree.
\tdenyCurrentBranch = updateInstead
[gc]
\t# Its lock would be in the way of a commit.
\tpackRefs = false
[core]
\t# A commit that git acknowledges to a person outlives a power cut, as Aweigh's own do.
\tfsync = committed,reference
\tfsyncMethod = batch
`;

/** Makes the repository where there is none, and has it work as the record needs, one that was cloned or restored too. Resolves when it is on the disk. */
export async function beginGit(directory: string, branch: string, git: Git): Promise<void> {
  const folder = join(directory, '.git');
  const config = join(folder, 'config');
  const fresh = !existsSync(join(folder, 'HEAD')) || !existsSync(config);
  if (fresh) await git(['init', '--quiet', `--initial-branch=${branch}`]);
  const own = await readFile(config, 'utf8');
  const settings = await readFile(join(folder, SETTINGS), 'utf8').catch(() => undefined);
  if (settings !== TEXT) await replaceFile(join(folder, SETTINGS), TEXT);
  if (!own.includes(INCLUDE)) await replaceFile(config, INCLUDE + own);
  if (!fresh) return;
  for (const name of ['HEAD', 'refs/heads', 'refs', 'objects/pack', 'objects', '.']) await syncPath(join(folder, name));
  for (const each of [directory, dirname(directory)]) await syncPath(each);
}
