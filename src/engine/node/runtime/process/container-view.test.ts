import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeTree } from '../../../images/remove-tree.ts';
import type { Mount } from '../runtime.ts';
import { systemProgram } from './system-program.ts';
import { writableLayer, type Sharing } from './writable-layer.ts';

const asRoot = process.getuid?.() === 0;
const someone = 54_321;
const may = (...flags: string[]): boolean => spawnSync(systemProgram('unshare'), [...flags, '--mount', 'true']).status === 0;
const ways: readonly Sharing[] = [...(asRoot && may() ? (['overlay'] as const) : []), ...(may('--map-current-user') ? (['userOverlay'] as const) : [])];
if (ways.length === 0) console.warn('This machine gives no mount namespaces: how containers see their volumes is not tested');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aweigh-view-'));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'image', 'app', 'config'), { recursive: true });
  writeFileSync(join(folder, 'image', 'app', 'config', 'built'), 'as built');
});
afterEach(() => removeTree(folder));

function volume(name: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(join(folder, 'pods', 'volumes', name), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, 'pods', 'volumes', name, file), text);
  return join(folder, 'pods', 'volumes', name);
}

/** What a script says that runs in a container with these mounts. */
async function said(sharing: Sharing, mounts: readonly Mount[], script: string): Promise<string> {
  const root = join(folder, 'image');
  mkdirSync(join(folder, 'pods', 'own'), { recursive: true });
  const layer = await writableLayer(sharing, { root, folder: join(folder, 'pods', 'own', 'layer'), readOnly: false, mounts, kept: [join(folder, 'pods')] });
  const [program, ...args] = [...layer.prefix(root), '/bin/sh', '-c', script];
  const user = asRoot && sharing === 'userOverlay' ? { uid: someone, gid: someone } : {};
  if (user.uid !== undefined) execFileSync('chown', ['-R', `${someone}:${someone}`, folder]);
  return execFileSync(program!, args, { cwd: folder, encoding: 'utf8', ...user });
}

test.for(ways)('volumes are where the spec wants them, though the machine has no such folders: %s', async (sharing) => {
  const unique = folder.split('/').at(-1)!;
  const mounts = [
    { source: volume('config', { a: 'A' }), path: `/etc/${unique}/deep`, readOnly: false },
    { source: volume('top', { b: 'B' }), path: `/${unique}`, readOnly: true },
    { source: join(volume('files', { 'app.conf': 'C' }), 'app.conf'), path: `/usr/lib/${unique}.conf`, readOnly: false },
    { source: volume('inner', { d: 'D' }), path: `/etc/${unique}/deep/inner`, readOnly: false },
  ];
  const machine = readdirSync('/');
  expect(await said(sharing, mounts, `cd /; cat /etc/${unique}/deep/a /${unique}/b /usr/lib/${unique}.conf /etc/${unique}/deep/inner/d; (echo x >/${unique}/b) 2>/dev/null || echo; echo new >/etc/${unique}/deep/new; test -e /etc/passwd && test -e /proc/self/status && cat built 2>/dev/null; ls -d /usr/bin`)).toBe('ABCD\n/usr/bin\n');
  expect(existsSync(join(folder, 'pods', 'volumes', 'config', 'new'))).toBe(true);
  expect(readdirSync('/')).toEqual(machine);
  expect([existsSync(`/etc/${unique}`), existsSync(`/usr/lib/${unique}.conf`)]).toEqual([false, false]);
});

test.for(ways)('a volume over a folder that holds the pods hides neither them nor the image: %s', async (sharing) => {
  const mounts = [{ source: volume('scratch', { a: 'A' }), path: tmpdir(), readOnly: false }, { source: volume('more', { b: 'B' }), path: `${tmpdir()}/more`, readOnly: false }];
  expect(await said(sharing, mounts, `cat ${tmpdir()}/a ${tmpdir()}/more/b app/config/built; cat ${folder}/pods/volumes/scratch/a`)).toBe('ABas builtA');
});

test.for(ways)('what is mounted over a folder of the image is seen below the image too: %s', async (sharing) => {
  const mounts = [{ source: volume('config', { a: 'A' }), path: '/app/config', readOnly: false }];
  expect(await said(sharing, mounts, 'ls /app/config app/config')).toBe('/app/config:\na\n\napp/config:\na\n');
});
