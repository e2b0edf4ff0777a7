import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The licenses of the packages that a build took files from: each asks that its text goes with the copy. @param files paths below `root`
 *  @throws where a package says nothing of its license */
export function bundledLicenses(root: string, files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  return [...folders].sort().map((folder) => licenseOf(join(root, folder))).join(`\n${'-'.repeat(80)}\n\n`);
}

function licenseOf(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string; license?: string; author?: string | { name: string } };
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (file === undefined && license === undefined) throw new Error(`${name} ${version} says nothing of its license: it cannot be bundled`);
  const notice = ['NOTICE', 'CopyrightNotice.txt'].map((entry) => join(folder, entry)).find(existsSync);
  const text = file === undefined ? `Copyright ${typeof author === 'object' ? author.name : author ?? 'of its authors'}` : readFileSync(join(folder, file), 'utf8').trim();
  return `${name} ${version} (${license ?? 'see below'})\n\n${text}\n${notice === undefined ? '' : `\n${readFileSync(notice, 'utf8').trim()}\n`}`;
}
