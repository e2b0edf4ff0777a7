import type { RecordCommit } from '../../controllers/record/repository.ts';
import { COMMITTER, type Git } from './git-command.ts';

export const OWN_TRAILER = 'Recorded-By: aweigh';
const FORMAT = '%x01%H%x00%an%x00%ae%x00%ce%x00%P%x00%s%x00%b%x02';
const OWN = ['--no-merges', `--committer=^${COMMITTER.name} <${COMMITTER.email}>`, `--grep=^${OWN_TRAILER}$`];
/** Commits looked at in one go when nothing is known yet. */
const READ_AHEAD = 5_000;

interface Known {
  readonly last: RecordCommit | undefined;
  readonly people: readonly RecordCommit[];
  readonly own: string | undefined;
}

const UNTOUCHED: Known = { last: undefined, people: [], own: undefined };

/** Who had the last word on each folder. Asking git costs a process, so answers are kept while the folder stays as it is. */
export class GitHistory {
  readonly #git: Git;
  readonly #known = new Map<string, Known>();
  #at: string | undefined;
  /** True: the whole history was seen, so a folder of which nothing is known has no commit, unless it is unclear. */
  #complete = false;
  /** Folders that other commits changed since. */
  readonly #unclear = new Set<string>();
  #moving: Promise<void> = Promise.resolve();

  constructor(git: Git) {
    this.#git = git;
  }

  /** The newest commit that touched the folder, and the commits by people since our own last one, newest first.
   *  @param head the branch as it is now */
  async of(directory: string, head: string): Promise<Known> {
    if (this.#at !== head) await this.moveTo(head);
    const untouched = this.#at === head && this.#complete && !this.#unclear.has(directory) ? UNTOUCHED : undefined;
    const known = this.#known.get(directory) ?? untouched ?? (await this.#read(directory, head));
    if (this.#at === head) this.#keep(directory, known);
    return known;
  }

  /** Our own commit has become HEAD; to be called before anything else can look at the branch. */
  noteOwn(head: string, before: string | undefined, changes: readonly { directory: string; actor: string; subject: string }[]): void {
    if (this.#at !== before) this.#known.clear();
    this.#complete = before === undefined || (this.#complete && this.#at === before);
    this.#at = head;
    for (const { directory, actor, subject } of changes) this.#keep(directory, { last: { sha: head, author: actor, email: COMMITTER.email, subject, own: true }, people: [], own: head });
  }

  /** Forgets what was known of the folders in which HEAD now differs. */
  moveTo(head: string): Promise<void> {
    // One after the other: many Applications notice a moved branch at the same time.
    const moved = this.#moving.then(() => this.#follow(head));
    this.#moving = moved.catch(() => undefined);
    return moved;
  }

  async #follow(head: string): Promise<void> {
    while (this.#at !== head) {
      const before = this.#at;
      if (before === undefined) return this.#readAhead(head);
      const folders = await changedFolders(this.#git, before, head);
      if (this.#at !== before) continue;
      for (const directory of folders) {
        this.#known.delete(directory);
        this.#unclear.add(directory);
      }
      this.#at = head;
    }
  }

  #keep(directory: string, known: Known): void {
    this.#known.set(directory, known);
    this.#unclear.delete(directory);
  }

  async #read(directory: string, head: string): Promise<Known> {
    const ask = async (args: readonly string[]): Promise<RecordCommit[]> => parse(await this.#git(['log', `--format=${FORMAT}`, ...args, '--', directory])).map((c) => c.commit);
    const [last] = await ask(['-1', head]);
    if (last === undefined) return { last, people: [], own: undefined };
    const [own] = last.own ? [last] : await ask(['-1', ...OWN, head]);
    const since = await ask(['--no-merges', '--full-history', own === undefined ? head : `${own.sha}..${head}`]);
    return { last, people: since.filter((c) => !c.own), own: own?.sha };
  }

  /** At start, one process for all folders: those whose newest commit is ours need no other look, unless branches were merged. */
  async #readAhead(head: string): Promise<void> {
    this.#known.clear();
    const decided = new Set<string>();
    this.#unclear.clear();
    const commits = parse(await this.#git(['log', `-n${READ_AHEAD}`, `--format=${FORMAT}`, '--name-only', head]));
    this.#complete = commits.length < READ_AHEAD && !commits.some((c) => c.merge);
    for (const { commit, merge, paths } of commits) {
      if (merge) break;
      for (const folder of foldersOf(paths)) {
        if (decided.has(folder)) continue;
        decided.add(folder);
        if (!commit.own) this.#unclear.add(folder);
        if (commit.own) this.#known.set(folder, { last: commit, people: [], own: commit.sha });
      }
    }
    this.#at = head;
  }
}

/** Folders of Applications in which two commits differ. */
export async function changedFolders(git: Git, from: string, to: string): Promise<Set<string>> {
  return foldersOf((await git(['diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to])).split('\0'));
}

function foldersOf(paths: readonly string[]): Set<string> {
  return new Set(paths.filter((p) => p.startsWith('applications/')).map((p) => p.split('/').slice(0, 3).join('/')));
}

function parse(text: string): { commit: RecordCommit; merge: boolean; paths: string[] }[] {
  return text.split('\u0001').slice(1).map((entry) => {
    const [head = '', names = ''] = entry.split('\u0002');
    const [sha = '', author = '', email = '', committer = '', parents = '', subject = '', body = ''] = head.split('\0');
    const merge = parents.includes(' ');
    return { commit: { sha, author, email, subject, own: !merge && committer === COMMITTER.email && body.split('\n').includes(OWN_TRAILER) }, merge, paths: names.split('\n').filter(Boolean) };
  });
}
