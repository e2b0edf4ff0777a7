import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { VolumeFile } from './volume-files.ts';

const current = '..data';

/** Makes a folder hold exactly these files. They change all at once: each set is a folder of its own, to which the link `..data` is turned, and each name is a link
 *  through it, as the kubelet does it. Writes nothing where all is as wanted. Returns whether it wrote. */
export function writeVolume(folder: string, files: readonly VolumeFile[]): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const set = `..${digestOf(files)}`;
  if (currentSet(folder) === set) return false;
  const target = join(folder, set);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { mode: 0o755 });
  for (const { path, content, mode } of files) {
    const inside = normalize(path);
    if (inside.startsWith('..') || inside.startsWith('/')) throw new RangeError(`A volume's path stays inside of the volume, and is '${path}'`);
    mkdirSync(dirname(join(target, inside)), { recursive: true, mode: 0o755 });
    writeFileSync(join(target, inside), content, { mode: 0o600 });
    // Whatever this process's umask is.
    chmodSync(join(target, inside), mode);
  }
  symlinkSync(set, join(folder, `${current}.new`));
  renameSync(join(folder, `${current}.new`), join(folder, current));
  const names = new Set(files.map((f) => normalize(f.path).split('/')[0]!));
  for (const name of names) {
    const link = join(folder, name);
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync(join(current, name), link);
  }
  for (const name of readdirSync(folder)) {
    if (name === current || name === set || names.has(name)) continue;
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  return true;
}

function currentSet(folder: string): string | undefined {
  try {
    const set = readlinkSync(join(folder, current));
    return existsSync(join(folder, set)) ? set : undefined;
  } catch {
    rmSync(join(folder, `${current}.new`), { force: true });
    return undefined;
  }
}

function digestOf(files: readonly VolumeFile[]): string {
  const hash = createHash('sha256');
  for (const f of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) hash.update(`${f.path}\0${f.mode}\0${f.content.length}\0`).update(f.content);
  return hash.digest('hex').slice(0, 16);
}
