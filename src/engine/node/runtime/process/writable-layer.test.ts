import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeTree } from '../../../images/remove-tree.ts';
import { systemProgram } from './system-program.ts';
import { detectSharing, enterContainer, writableLayer, type Sharing } from './writable-layer.ts';

const asRoot = process.getuid?.() === 0;
const someone = 54_321;
let folder: string;
let image: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aweigh-layer-'));
  chmodSync(folder, 0o755);
  image = join(folder, 'image');
  mkdirSync(join(image, 'lib'), { recursive: true });
  writeFileSync(join(image, 'config'), 'as built');
  writeFileSync(join(image, 'lib', 'module'), 'as built');
});
afterEach(() => removeTree(folder));

/** Who runs the containers of a way of sharing in these tests. */
const uidOf = (sharing: Sharing): number | undefined => (asRoot && sharing === 'userOverlay' ? someone : undefined);

async function layerFor(sharing: Sharing, name: string, readOnly = false): ReturnType<typeof writableLayer> {
  const own = join(folder, name);
  mkdirSync(own);
  const layer = await writableLayer(sharing, { root: image, folder: join(own, 'layer'), readOnly });
  const uid = uidOf(sharing);
  if (uid !== undefined) {
    execFileSync('chown', ['-R', `${uid}:${uid}`, own, image]);
    chownSync(folder, uid, uid);
  }
  return layer;
}

function run(words: readonly string[], uid?: number): string {
  return execFileSync(words[0]!, words.slice(1), { cwd: folder, encoding: 'utf8', ...(uid === undefined ? {} : { uid, gid: uid }) });
}

const may = (...flags: string[]): boolean => spawnSync(systemProgram('unshare'), [...flags, '--mount', 'true']).status === 0;
const ways: readonly Sharing[] = [...(asRoot && may() ? (['overlay'] as const) : []), ...(may('--map-current-user') ? (['userOverlay'] as const) : []), 'copy'];
if (!ways.includes('userOverlay')) console.warn('This machine gives ordinary users no namespaces: those ways are not tested');

test('the best way that the machine allows is found', () => {
  const trials = join(folder, 'trials');
  mkdirSync(trials);
  expect(detectSharing(trials)).toBe(ways[0]);
});

test.for(ways)('what one container writes, deletes and replaces in its image no other sees: %s', async (sharing) => {
  const uid = uidOf(sharing);
  for (const name of ['one', 'two']) {
    const layer = await layerFor(sharing, name);
    const seen = run([...layer.prefix(layer.root), '/bin/sh', '-c', `cd ${layer.root}; cat config lib/module; echo mine >config; echo more >>lib/module; rm -r lib; echo new >extra; mkdir locked; chmod 0 locked; cat config; ls`], uid);
    expect(seen).toBe('as builtas builtmine\nconfig\nextra\nlocked\n');
  }
  expect(readFileSync(join(image, 'config'), 'utf8')).toBe('as built');
  expect(readFileSync(join(image, 'lib', 'module'), 'utf8')).toBe('as built');
  expect(existsSync(join(image, 'extra'))).toBe(false);
  await removeTree(join(folder, 'one'));
  expect(existsSync(join(folder, 'one'))).toBe(false);
});

test.for(ways.filter((w) => w !== 'copy' || !asRoot))('a container whose root is read-only reads and cannot write: %s', async (sharing) => {
  const layer = await layerFor(sharing, 'one', true);
  expect(run([...layer.prefix(layer.root), '/bin/sh', '-c', `cd ${layer.root}; cat config; (echo x >config) 2>/dev/null || echo refused; (echo x >extra) 2>/dev/null || echo refused`], uidOf(sharing))).toBe('as builtrefused\nrefused\n');
});

test.for(ways.filter((w) => w !== 'copy'))('a command that enters sees what the container wrote: %s', async (sharing) => {
  const layer = await layerFor(sharing, 'one');
  const uid = uidOf(sharing);
  const [program, ...args] = [...layer.prefix(layer.root), '/bin/sh', '-c', 'echo mine >config; echo up; exec sleep 60'];
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'], ...(uid === undefined ? {} : { uid, gid: uid }) });
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(run([...enterContainer({ sharing, ownNetwork: false, cwd: layer.root }, child.pid!), '/bin/cat', 'config'], uid)).toBe('mine\n');
  } finally {
    child.kill('SIGKILL');
  }
});

test.runIf(ways.includes('userOverlay'))('programs in a user namespace have no capability and keep their user', async () => {
  const layer = await layerFor('userOverlay', 'one');
  const uid = uidOf('userOverlay');
  const seen = run([...layer.prefix(layer.root), '/bin/sh', '-c', 'id -u; grep CapEff /proc/self/status'], uid);
  expect(seen).toBe(`${uid ?? process.getuid?.()}\nCapEff:\t0000000000000000\n`);
});

test.runIf(ways.includes('overlay'))('a tree that cannot be made says so in the exit file', async () => {
  const layer = await layerFor('overlay', 'one');
  rmSync(join(folder, 'one', 'layer', 'work'), { recursive: true });
  const [program, ...args] = [...layer.prefix(layer.root), '/bin/true'];
  expect(spawnSync(program!, args, { encoding: 'utf8' })).toMatchObject({ status: 128, stderr: expect.stringContaining('mount') });
  expect(readFileSync(join(folder, 'one', 'exit'), 'utf8')).toBe('128\n');
  expect(statSync(image).isDirectory()).toBe(true);
});
