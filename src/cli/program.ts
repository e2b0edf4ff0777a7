import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of package.json: one above `dist/`, two above `src/cli/`. */
export function packageRoot(): string {
  const candidates = ['../', '../../'].map((up) => fileURLToPath(new URL(up, import.meta.url)));
  const root = candidates.find((folder) => existsSync(`${folder}package.json`));
  if (root === undefined) throw new Error('The installation is incomplete: package.json is missing; install aweigh again');
  return root;
}

/** What starts this same Aweigh: built where it runs built, from the source where it runs from the source. */
export function aweighProgram(): readonly [string, ...string[]] {
  const fromSource = import.meta.url.endsWith('.ts');
  return [process.execPath, `${packageRoot()}${fromSource ? 'src/bin/aweigh.ts' : 'dist/bin/aweigh.js'}`];
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(`${packageRoot()}package.json`, 'utf8')) as { version: string }).version;
}
