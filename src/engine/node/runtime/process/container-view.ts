import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { Mount } from '../runtime.ts';
import { systemProgram } from './system-program.ts';

export interface ViewRequest {
  readonly mounts: readonly Mount[];
  /** The container's tree: what is mounted beside something of the image is seen there too. */
  readonly root: string;
  /** The container's own folder, for what it writes beside a mount. */
  readonly folder: string;
  /** Folders that its programs and this process need where they are, whatever is mounted above them. */
  readonly kept: readonly string[];
  /** Options of overlays, such as `userxattr` in a user namespace. */
  readonly overlayOptions: string;
}

/** Where the kept folders are found in a root of the container's own. */
const keptPlace = '/.aweigh';

interface Place {
  readonly mount: Mount;
  readonly path: string;
  /** The deepest folder on the way to it that the machine has; with `isThere` the place itself. */
  readonly base: string;
  readonly isThere: boolean;
}

/** The commands, each a list of words, that mount a container's volumes at the paths that its spec names. They run in its mount namespace and change nothing of
 *  the machine: a folder that has no place for a mount is overlaid; where that is the root itself, the container gets a root of its own that shows the
 *  machine's folders. */
export function viewCommands({ mounts, root, folder, kept, overlayOptions }: ViewRequest): string[][] {
  const all = mounts.map((m) => ({ ...m, path: posix.resolve('/', m.path) })).filter((m) => m.path !== '/' && existsSync(m.source)).toSorted((a, b) => a.path.length - b.path.length);
  const outerOf = (mount: Mount): Mount | undefined => all.findLast((m) => mount.path.startsWith(`${m.path}/`));
  const places = all.filter((m) => outerOf(m) === undefined).map(placeOf);
  const overlaid = [...new Set(places.filter((p) => !p.isThere && p.base !== '/').map((p) => p.base))].toSorted((a, b) => a.length - b.length);
  const hiding = [...overlaid, ...places.filter((p) => p.isThere).map((p) => p.base)];
  const hidden = kept.filter((path) => hiding.some((h) => within(path, h)));
  const ownRoot = hidden.length > 0 || places.some((p) => !p.isThere && p.base === '/');
  const sourceOf = (path: string): string => {
    const at = ownRoot ? kept.findIndex((k) => within(path, k)) : -1;
    return at < 0 ? path : join(keptPlace, String(at), path.slice(kept[at]!.length));
  };
  const commands = ownRoot ? rootCommands(join(folder, 'view'), kept) : [];
  for (const [n, base] of overlaid.entries()) commands.push(...overlayCommands(base, ownRoot && kept.some((k) => within(k, base)) ? join(keptPlace, `over-${n}`) : join(folder, `over-${n}`), overlayOptions));
  commands.push(...makeCommands(places.filter((p) => !p.isThere)));
  for (const mount of all) {
    const outer = outerOf(mount);
    if (outer !== undefined) makeInside(join(outer.source, mount.path.slice(outer.path.length)), isFolder(mount.source));
    commands.push(bind(sourceOf(mount.source), mount.path, mount.readOnly));
  }
  for (const path of hidden) commands.push([systemProgram('mkdir'), '-p', path], [systemProgram('mount'), '--rbind', join(keptPlace, String(kept.indexOf(path))), path]);
  const inImage = all.map((mount) => ({ mount, path: join(root, mount.path) })).filter(({ path }) => dirname(path) !== root && existsSync(dirname(path)));
  commands.push(...makeCommands(inImage), ...inImage.map(({ mount, path }) => bind(sourceOf(mount.source), path, mount.readOnly)));
  return commands;
}

const isFolder = (path: string): boolean => statSync(path).isDirectory();

function placeOf(mount: Mount): Place {
  const { path } = mount;
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === isFolder(mount.source)) return { mount, path, base: realpathSync(path), isThere: true };
  let base = dirname(path);
  while (statSync(base, { throwIfNoEntry: false })?.isDirectory() !== true) base = dirname(base);
  return { mount, path, base: realpathSync(base), isThere: false };
}

const within = (path: string, folder: string): boolean => path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);

/** A place in another volume, as container runtimes make it. */
function makeInside(path: string, asFolder: boolean): void {
  if (existsSync(path)) return;
  try {
    mkdirSync(asFolder ? path : dirname(path), { recursive: true });
    if (!asFolder) writeFileSync(path, '', { flag: 'a' });
  } catch {
    // A volume that takes nothing; the mount says so.
  }
}

function makeCommands(places: readonly Pick<Place, 'mount' | 'path'>[]): string[][] {
  const files = places.filter((p) => !isFolder(p.mount.source)).map((p) => p.path);
  const folders = places.map((p) => (isFolder(p.mount.source) ? p.path : dirname(p.path)));
  return [...(folders.length > 0 ? [[systemProgram('mkdir'), '-p', ...folders]] : []), ...(files.length > 0 ? [[systemProgram('touch'), ...files]] : [])];
}

const bind = (source: string, path: string, readOnly: boolean): string[] => [systemProgram('mount'), ...(readOnly ? ['-o', 'bind,ro'] : ['--bind']), source, path];

/** @param own a folder for what is written there; below {@link keptPlace} it is made when the container starts */
function overlayCommands(base: string, own: string, options: string): string[][] {
  const [upper, work] = [join(own, 'upper'), join(own, 'work')];
  const mode = statSync(base).mode & 0o7777;
  const made = own.startsWith(keptPlace) ? [[systemProgram('mkdir'), '-p', work], [systemProgram('mkdir'), '-m', mode.toString(8), upper]] : [];
  if (made.length === 0) {
    for (const path of [work, upper]) mkdirSync(path, { recursive: true });
    chmodSync(upper, mode);
  }
  return [...made, [systemProgram('mount'), '-t', 'overlay', 'overlay', '-o', `lowerdir=${base},upperdir=${upper},workdir=${work}${options}`, base]];
}

/** A root in memory that shows each folder of the machine's. */
function rootCommands(view: string, kept: readonly string[]): string[][] {
  mkdirSync(view, { recursive: true });
  const names = readdirSync('/');
  const links = names.filter((n) => lstatSync(join('/', n), { throwIfNoEntry: false })?.isSymbolicLink() === true).map((n) => join('/', n));
  // First the one that the new root lies in: what is mounted below it by then is shown there once more.
  const folders = names.map((n) => join('/', n)).filter((p) => lstatSync(p, { throwIfNoEntry: false })?.isDirectory() === true).toSorted((a, b) => Number(within(view, b)) - Number(within(view, a)));
  const keptAt = kept.map((_, i) => join(view, keptPlace, String(i)));
  const mount = systemProgram('mount');
  return [
    [mount, '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', view],
    [systemProgram('mkdir'), '-p', ...folders.map((f) => join(view, f)), ...keptAt, join(view, '.old')],
    ...(links.length > 0 ? [[systemProgram('cp'), '-P', ...links, view]] : []),
    ...folders.map((f) => [mount, '--rbind', f, join(view, f)]),
    ...kept.map((path, i) => [mount, '--rbind', path, keptAt[i]!]),
    ['cd', view], [systemProgram('pivot_root'), '.', '.old'], ['cd', '/'], [systemProgram('umount'), '-l', '/.old'], [systemProgram('rmdir'), '/.old'],
  ];
}
