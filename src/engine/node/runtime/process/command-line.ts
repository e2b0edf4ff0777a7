import { accessSync, constants, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expand } from '../../env-expansion.ts';
import type { StartContainer } from '../runtime.ts';

/** Where programs of an image are looked for: the image's own folders, then this machine's. */
export interface SearchPath {
  /** The unpacked image. */
  readonly root: string;
  /** PATH of this machine; first the folder of the Node.js that runs Aweigh. */
  readonly hostPath: string;
}

/** The command's words: `command` replaces the entrypoint and drops the image's cmd, `args` replace the cmd.
 *  @throws {Error} where there is nothing to run */
export function commandWords({ command, args, image, env }: Pick<StartContainer, 'command' | 'args' | 'image' | 'env'>): string[] {
  const entrypoint = command?.length ? command : (image.run.Entrypoint ?? []);
  const rest = args?.length ? args : command?.length ? [] : (image.run.Cmd ?? []);
  const words = [...entrypoint, ...rest];
  if (words.length === 0) throw new Error(`no command specified: the image has neither entrypoint nor cmd; give them in its image.json, or set the container's command`);
  return [...(command?.length ? command.map((w) => expand(w, env)) : entrypoint), ...(args?.length ? args.map((w) => expand(w, env)) : rest)];
}

/** PATH for a container: the image's folders where the image has them, then the machine's. */
export function pathVariable(imagePath: string | undefined, { root, hostPath }: SearchPath): string {
  const own = (imagePath ?? '').split(':').filter((p) => p.startsWith('/') && isFolder(join(root, p))).map((p) => join(root, p));
  return [...own, hostPath].join(':');
}

/** The program's absolute path. An absolute word is looked for in the image first.
 *  @param view where the container's own view of the machine's files is found; absent: this process's
 *  @throws {Error} where there is none that can be run */
export function findProgram(word: string, cwd: string, path: string, root: string, view = ''): string {
  const candidates = word.startsWith('/') ? [join(root, word), word] : word.includes('/') ? [posix.resolve(cwd, word)] : path.split(':').map((p) => join(p, word));
  const found = candidates.find((c) => canRun(view + c));
  if (found === undefined) throw new Error(`exec: "${word}": ${word.includes('/') ? 'no such file, or not executable' : 'executable file not found in $PATH'}`);
  return found;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
