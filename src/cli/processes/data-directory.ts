import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../user-error.ts';

/** Format of the data directory; a newer one is refused, an older one would be upgraded here. */
const FORMAT = 1;

/** One bearer token for each part, so that each can be told from the others, and for the person who started it. */
export interface Tokens {
  readonly admin: string;
  readonly controlPlane: string;
  readonly node: string;
  readonly network: string;
}

/** Everything of one embedded cluster. All paths are absolute; what is secret is readable by the owner only. */
export interface DataDirectory {
  readonly root: string;
  readonly images: string;
  readonly node: string;
  readonly network: string;
  readonly record: string;
  readonly run: string;
  readonly logs: string;
  readonly kubeconfig: string;
  readonly tokens: Tokens;
}

export function openDataDirectory(root: string): DataDirectory {
  makeDirectory(root);
  checkFormat(root);
  const at = (name: string): string => join(root, name);
  for (const name of ['images', 'node', 'network', 'record', 'run', 'logs']) makeDirectory(at(name));
  return { root, images: at('images'), node: at('node'), network: at('network'), record: at('record'), run: at('run'), logs: at('logs'), kubeconfig: at('kubeconfig'), tokens: readTokens(at('tokens.json')) };
}

function makeDirectory(path: string): void {
  try {
    makeWithParents(path);
  } catch (error) {
    throw new UserError(`Cannot make the data directory ${path}: ${(error as Error).message}. Name another with --data DIR.`, { cause: error });
  }
}

/** One folder at a time: where none can be made, as below /proc, Node.js's own recursive way never ends. */
function makeWithParents(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) makeWithParents(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

function checkFormat(root: string): void {
  const file = join(root, 'format');
  if (!existsSync(file)) {
    writeAtomically(file, `${FORMAT}\n`);
    return;
  }
  const text = readFileSync(file, 'utf8').trim();
  const format = Number(text);
  if (!Number.isInteger(format) || format < 1) throw new UserError(`${file} says '${text}' where the format's number is to stand: restore the file, or name another directory with --data DIR.`);
  if (format > FORMAT) throw new UserError(`The data directory ${root} has format ${format}; this Aweigh reads up to ${FORMAT}. Use the newer Aweigh that wrote it, or name another directory with --data DIR.`);
}

function readTokens(file: string): Tokens {
  if (existsSync(file)) {
    try {
      const tokens = JSON.parse(readFileSync(file, 'utf8')) as Partial<Tokens>;
      if (tokens.admin && tokens.controlPlane && tokens.node && tokens.network) return tokens as Tokens;
    } catch {
      // Told below, without the content.
    }
    throw new UserError(`${file} is not readable as tokens. Remove it to have new ones made; kubeconfigs that were copied elsewhere stop working then.`);
  }
  const token = (): string => randomBytes(24).toString('base64url');
  const tokens: Tokens = { admin: token(), controlPlane: token(), node: token(), network: token() };
  writeAtomically(file, JSON.stringify(tokens));
  return tokens;
}

/** A reader sees the old content or the new one, and nobody but the owner reads it. */
export function writeAtomically(file: string, content: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, file);
}
