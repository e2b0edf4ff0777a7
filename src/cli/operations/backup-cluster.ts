import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { create, extract } from 'tar';
import { snapshotStore } from '../../engine/store/snapshot.ts';
import { gitIn, type GitEnvironment } from '../../providers/repository/git-command.ts';
import { packageVersion } from '../program.ts';
import { UserError } from '../user-error.ts';

/** Layout of a backup; a newer one is refused. */
const BACKUP_FORMAT = 1;
/** What a cluster is, beside its store and record. Logs, process ids and what a node can make again stay outside. */
const KEPT = ['pki', 'tokens.json', 'format', 'address-ranges.json', 'images/blobs', 'images/tags', 'images/index.json', 'images/oci-layout'];
const BUNDLE = 'record.bundle';
const MANIFEST = 'backup.json';

interface Manifest {
  readonly format: number;
  readonly version: string;
  readonly takenAt: string;
}

/** Writes a whole cluster into one file, readable by its owner only, while the cluster runs or not. A reader sees the whole file or none. */
export async function backUpCluster(root: string, file: string, git: GitEnvironment, nowMs: number): Promise<{ sizeBytes: number }> {
  if (!existsSync(join(root, 'format'))) throw new UserError(`${root} is no data directory: name the cluster's with --data`);
  if (existsSync(file)) throw new UserError(`${file} is there already: name a new file, so that no backup is lost`);
  const folder = await mkdtemp(`${file}.partial-`).catch((cause: Error) => { throw new UserError(`Cannot write a backup beside ${file}: ${cause.message}`, { cause }); });
  try {
    // The record first: a store that is ahead of it says so and catches up, as after a kill between commit and cluster.
    if (existsSync(join(root, 'record', '.git'))) await bundle(join(root, 'record'), join(folder, BUNDLE), git);
    await mkdir(join(folder, 'store'), { mode: 0o700 });
    await snapshotStore(join(root, 'store'), join(folder, 'store'));
    for (const name of KEPT) if (existsSync(join(root, name))) await cp(join(root, name), join(folder, name), { recursive: true, preserveTimestamps: true });
    await writeFile(join(folder, MANIFEST), JSON.stringify({ format: BACKUP_FORMAT, version: packageVersion(), takenAt: new Date(nowMs).toISOString() } satisfies Manifest));
    const partial = join(folder, 'archive');
    await create({ file: partial, cwd: folder, gzip: { level: 1 } }, (await readdir(folder)).sort());
    await chmod(partial, 0o600);
    await rename(partial, file);
    return { sizeBytes: (await stat(file)).size };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes the data directory that a backup was taken of, whole or not at all. @throws {UserError} */
export async function restoreCluster(file: string, root: string, git: GitEnvironment): Promise<Manifest> {
  if (!existsSync(file)) throw new UserError(`There is no file ${file}`);
  if (existsSync(root) && (await readdir(root)).length > 0) throw new UserError(`${root} is not empty: a backup is restored into a new directory, so that nothing is lost; name one with --data DIR`);
  await mkdir(dirname(root), { recursive: true });
  const folder = await mkdtemp(join(dirname(root), `.${basename(root)}-restoring-`));
  try {
    await extract({ file, cwd: folder, strict: true, preserveOwner: false }).catch((cause: Error) => { throw new UserError(`${file} is no backup, or a part of one: ${cause.message}`, { cause }); });
    const manifest = await readManifest(file, folder);
    if (existsSync(join(folder, BUNDLE))) await unbundle(join(folder, BUNDLE), join(folder, 'record'), git);
    await rm(join(folder, BUNDLE), { force: true });
    await rm(join(folder, MANIFEST));
    await chmod(folder, 0o700);
    await rm(root, { recursive: true, force: true });
    await rename(folder, root);
    return manifest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readManifest(file: string, folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => undefined);
  const manifest = text === undefined ? undefined : (JSON.parse(text) as Manifest);
  if (typeof manifest?.format !== 'number') throw new UserError(`${file} is no backup: 'aweigh backup FILE' writes them`);
  if (manifest.format > BACKUP_FORMAT) throw new UserError(`${file} has format ${manifest.format}; this Aweigh reads up to ${BACKUP_FORMAT}: use ${manifest.version} or newer`);
  return manifest;
}

async function bundle(record: string, file: string, environment: GitEnvironment): Promise<void> {
  const git = gitIn(record, environment);
  if ((await git(['for-each-ref', '--count=1'])) === '') return;
  await git(['bundle', 'create', file, '--all']);
}

async function unbundle(file: string, record: string, environment: GitEnvironment): Promise<void> {
  const git = gitIn(dirname(record), environment);
  await git(['clone', '--quiet', file, record]);
  await gitIn(record, environment)(['remote', 'remove', 'origin']);
}
