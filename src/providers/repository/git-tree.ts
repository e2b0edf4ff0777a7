import type { GitObjects } from './git-objects.ts';

const FOLDER = '40000';

interface Entry {
  readonly mode: '100644' | '100755' | '120000' | '160000' | typeof FOLDER;
  readonly id: string;
}

/** The files of one commit, folder by folder, of which only changed folders are written again. */
export class GitTree {
  readonly #folders = new Map<string, Map<string, Entry>>([['', new Map()]]);
  readonly #changed = new Set<string>(['']);

  /** @param listing `git ls-tree -r -t -z`: folders stand before what is in them */
  static parse(listing: string): GitTree {
    const tree = new GitTree();
    for (const line of listing.split('\0').filter(Boolean)) {
      const [mode, , id = ''] = line.slice(0, line.indexOf('\t')).split(' ');
      const path = line.slice(line.indexOf('\t') + 1);
      const [folder, name] = split(path);
      tree.#folders.get(folder)?.set(name, { mode: mode === '040000' ? FOLDER : (mode as Entry['mode']), id });
      if (mode === '040000') tree.#folders.set(path, new Map());
    }
    return tree;
  }

  /** @param files `<mode> blob <id>` by path */
  static of(files: ReadonlyMap<string, string>): GitTree {
    const tree = new GitTree();
    for (const [path, head] of files) {
      const [mode = '100644', , id = ''] = head.split(' ');
      tree.#place(path, { mode: mode as Entry['mode'], id });
    }
    return tree;
  }

  /** Ids of the files below a folder, by path relative to it. */
  below(folder: string): Map<string, string> {
    const found = new Map<string, string>();
    const collect = (at: string, prefix: string): void => {
      for (const [name, { mode, id }] of this.#folders.get(at) ?? []) {
        if (mode === FOLDER) collect(at === '' ? name : `${at}/${name}`, `${prefix}${name}/`);
        else found.set(prefix + name, id);
      }
    };
    collect(folder, '');
    return found;
  }

  idOf(path: string): string | undefined {
    const [folder, name] = split(path);
    return this.#folders.get(folder)?.get(name)?.id;
  }

  set(path: string, id: string): void {
    this.#place(path, { mode: '100644', id });
  }

  delete(path: string): void {
    let [folder, name] = split(path);
    for (;;) {
      const entries = this.#folders.get(folder);
      entries?.delete(name);
      this.#changed.add(folder);
      if (folder === '' || entries === undefined || entries.size > 0) break;
      this.#folders.delete(folder);
      [folder, name] = split(folder);
    }
    this.#touch(folder);
  }

  /** Adds every changed folder, the deepest first; the root's id. */
  write(objects: GitObjects): string {
    const deepestFirst = [...this.#changed].filter((f) => this.#folders.has(f)).sort((a, b) => depth(b) - depth(a));
    let root = '';
    for (const folder of deepestFirst) {
      const id = objects.add('tree', encode(this.#folders.get(folder) ?? new Map()));
      if (folder === '') { root = id; continue; }
      const [parent, name] = split(folder);
      this.#folders.get(parent)?.set(name, { mode: FOLDER, id });
    }
    this.#changed.clear();
    // The root is written each time: it is what the commit names.
    this.#changed.add('');
    return root;
  }

  #place(path: string, entry: Entry): void {
    const [folder, name] = split(path);
    this.#touch(folder);
    this.#folders.get(folder)?.set(name, entry);
  }

  /** The folder and those that it is in will be written again; they are made where they are not there. */
  #touch(folder: string): void {
    this.#changed.add(folder);
    if (folder === '') return;
    const [parent, name] = split(folder);
    this.#touch(parent);
    if (this.#folders.has(folder)) return;
    this.#folders.set(folder, new Map());
    // Its id comes when it is written.
    this.#folders.get(parent)?.set(name, { mode: FOLDER, id: '' });
  }
}

function split(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}

const depth = (folder: string): number => (folder === '' ? 0 : folder.split('/').length);

/** Entries in git's order: folders sort as if a slash followed their name. */
function encode(entries: ReadonlyMap<string, Entry>): Buffer {
  const keyed = [...entries].map(([name, entry]) => ({ name, entry, key: Buffer.from(entry.mode === FOLDER ? `${name}/` : name) }));
  const sorted = keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  return Buffer.concat(sorted.flatMap(({ name, entry: { mode, id } }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]));
}
