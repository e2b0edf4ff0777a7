import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { GitError, type Git } from './git-command.ts';

/** What git says of torn and lost objects. */
const DAMAGE = /corrupt|inflate|missing|not a tree|not a valid|bad (object|tree|ref)|could not (read|parse)|unable to (read|unpack|parse)|invalid object|unknown object|broken/i;
/** Whose remedy is another: somebody else's folder, a full or failing disk. */
const OTHER = /dubious ownership|permission denied|no space left|input\/output error|cannot allocate|too many open files/i;

/**
 * A power cut can tear git's files. What the record says is in the cluster too, so a record whose newest commit cannot be read is put
 * beside, not mended: a new one begins with what the cluster holds, and takes in its history again from the remote, where there is one.
 */
export async function setDamagedAside(directory: string, branch: string, git: Git, clock: Clock, log: Logger): Promise<void> {
  if (!existsSync(join(directory, '.git'))) return;
  const fault = await faultOf(directory, git, branch);
  if (fault === undefined) return;
  const aside = `${directory}.damaged-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}`;
  await rename(directory, aside);
  await mkdir(directory, { mode: 0o700 });
  log.error({ directory, aside, fault }, "The record is damaged and was put aside: 'git fsck' there shows what is lost. A new record begins with what the cluster holds, and with the remote's history where a remote is set");
}

/** Why the newest commit cannot be read wholly; undefined where it can, or where there is none yet. */
async function faultOf(directory: string, git: Git, branch: string): Promise<string | undefined> {
  try {
    if (!existsSync(join(directory, '.git', 'HEAD'))) return undefined;
    const refs = await git(['for-each-ref', '--format=%(refname)', `refs/heads/${branch}`]);
    if (refs.trim() === '') return existsSync(join(directory, '.git', 'refs', 'heads', branch)) ? `refs/heads/${branch} does not hold a commit's id` : undefined;
    // Reads every file of the newest commit.
    await git(['archive', '--format=tar', '--output=/dev/null', `refs/heads/${branch}`]);
    return undefined;
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const told = error.stderr.trim().split('\n').slice(0, 3).join('; ');
    if (DAMAGE.test(error.stderr) && !OTHER.test(error.stderr)) return told;
    throw new Error(`The record in ${directory} cannot be read, and nothing says that it is damaged, so it stays as it is: ${told}`, { cause: error });
  }
}
