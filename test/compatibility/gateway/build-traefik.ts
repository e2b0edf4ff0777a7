/**
 * Builds Traefik, a gateway whose controller and data plane are one program, from its Go module, for the tests beside this file.
 * usage: node test/compatibility/gateway/build-traefik.ts     needs Go; takes minutes the first time, and goes on where it was stopped
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { moduleFolder, TRAEFIK, traefikBinary } from './traefik-binary.ts';

const source = moduleFolder(TRAEFIK);
if (source === undefined) throw new Error(`Go cannot fetch ${TRAEFIK}: is Go there, and a module proxy?`);
const folder = mkdtempSync(join(tmpdir(), 'traefik-'));
try {
  // A module that replaces others can only be built as the main one, and the module cache is read-only.
  cpSync(source, folder, { recursive: true, filter: (path) => !/\/(integration|docs|script|fixtures)(\/|$)/.test(path.slice(source.length)) });
  spawnSync('chmod', ['-R', 'u+w', folder]);
  mkdirSync(dirname(traefikBinary), { recursive: true });
  const { status } = spawnSync('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', traefikBinary, './cmd/traefik'], { cwd: folder, stdio: 'inherit', env: { ...process.env, CGO_ENABLED: '0' } });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
