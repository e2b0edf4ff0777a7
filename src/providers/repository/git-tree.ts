import type { GitObjects } from './git-objects.ts';

interface Entry {
  readonly mode: '100644' | '100755' | '120000' | '160000' | '40000';
  readonly id: string;
}

/** The files of one commit, folder by folder, of which only changed folders are written again. */
export class GitTree {
  readonly #folders = new Map<string, Map<string, Entry>>([['', new Map()]]);
  readonly #changed = new Set<string>(['']);

  /** @param listing `git ls-tree -r -z` */
  static parse(listing: string): GitTree {
    const lines = listing.split('\0').filter(Boolean);
    return GitTree.of(new Map(lines.map((line) => [line.slice(line.indexOf('\t') + 1), line.slice(0, line.indexOf('\t'))])));
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

  /** Paths below a folder, relative to it. */
  paths(folder: string): string[] {
    const found: string[] = [];
    for (const [name, entries] of this.#folders) {
      if (name !== folder && !name.startsWith(`${folder}/`)) continue;
      const prefix = name === folder ? '' : `${name.slice(folder.length + 1)}/`;
      for (const [entry, { mode }] of entries) if (mode !== '40000') found.push(prefix + entry);
    }
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
      this.#folders.get(parent)?.set(name, { mode: '40000', id });
    }
    this.#changed.clear();
    // The root is written each time: it is what the commit names.
    this.#changed.add('');
    return root;
  }

  #place(path: string, entry: Entry): void {
    const [folder, name] = split(path);
    let entries = this.#folders.get(folder);
    if (entries === undefined) this.#folders.set(folder, entries = new Map());
    entries.set(name, entry);
    this.#touch(folder);
  }

  #touch(folder: string): void {
    for (let at = folder; ; at = split(at)[0]) {
      this.#changed.add(at);
      if (!this.#folders.has(at)) this.#folders.set(at, new Map());
      if (at === '') return;
    }
  }
}

function split(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}

const depth = (folder: string): number => (folder === '' ? 0 : folder.split('/').length);

/** Entries in git's order: folders sort as if a slash followed their name. */
function encode(entries: ReadonlyMap<string, Entry>): Buffer {
  const keyed = [...entries].map(([name, entry]) => ({ name, entry, key: Buffer.from(entry.mode === '40000' ? `${name}/` : name) }));
  const sorted = keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  return Buffer.concat(sorted.flatMap(({ name, entry: { mode, id } }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]));
}
