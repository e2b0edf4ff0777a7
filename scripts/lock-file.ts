/**
 * Every package of the lock file has the hash of its content, those for other machines too, and none names where it came from.
 * usage: node scripts/lock-file.ts              checks
 *        node scripts/lock-file.ts --complete   adds the hashes that npm leaves out for packages of other machines
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Entry { readonly version?: string; readonly integrity?: string; readonly resolved?: string; readonly link?: boolean; readonly inBundle?: boolean }
interface Lock { packages: Record<string, Entry> }

const root = join(import.meta.dirname, '..');
const file = join(root, 'package-lock.json');
const lacksHash = ([path, entry]: [string, Entry]): boolean => path !== '' && entry.link !== true && entry.inBundle !== true && entry.integrity === undefined;

if (process.argv[2] === '--complete') complete();
const { packages } = JSON.parse(readFileSync(file, 'utf8')) as Lock;
const bad = Object.entries(packages).flatMap(([path, entry]) => [
  ...(lacksHash([path, entry]) ? [`${path}@${entry.version} has no integrity hash`] : []),
  ...(entry.resolved === undefined || entry.link === true ? [] : [`${path} names where it came from`]),
]);
if (bad.length > 0) {
  console.error(`package-lock.json: ${bad.slice(0, 10).join('; ')}${bad.length > 10 ? `; ${bad.length - 10} more` : ''}. Mend it with: node scripts/lock-file.ts --complete`);
  process.exitCode = 1;
}

/** npm writes a hash for each package that it resolves anew; beside an installed tree it keeps what is there. */
function complete(): void {
  const folder = mkdtempSync(join(tmpdir(), 'aweigh-lock-'));
  try {
    const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock;
    lock.packages = Object.fromEntries(Object.entries(lock.packages).filter((entry) => !lacksHash(entry)));
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock, null, 2));
    copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
    const { status } = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--omit-lockfile-registry-resolved', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, stdio: 'inherit' });
    if (status !== 0) throw new Error(`npm ended with ${status}`);
    copyFileSync(join(folder, 'package-lock.json'), file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
