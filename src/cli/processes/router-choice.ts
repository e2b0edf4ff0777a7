import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Option } from 'commander';
import { UserError } from '../user-error.ts';

export type RouterChoice = 'auto' | 'haproxy' | 'builtin';

export const routerOption = (): Option => new Option('--router <kind>', 'what `router.kind: auto` means; auto: haproxy where it is on the PATH').choices(['auto', 'haproxy', 'builtin']).default('auto');

/** What `auto` comes to on a PATH. @throws {UserError} where haproxy is wanted and is not there */
export function chooseRouter(choice: RouterChoice, path: string): 'haproxy' | 'builtin' {
  if (choice === 'builtin') return 'builtin';
  const found = path.split(delimiter).some((folder) => isExecutable(join(folder, 'haproxy')));
  if (found) return 'haproxy';
  if (choice === 'haproxy') throw new UserError('There is no haproxy on the PATH: install it (Debian: apt-get install haproxy), or choose --router builtin');
  return 'builtin';
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
