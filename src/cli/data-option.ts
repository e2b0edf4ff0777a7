import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Terminal } from './terminal.ts';

export const dataOption = (): Option => new Option('--data <dir>', "the cluster's data directory (default: $AWEIGH_DATA, else ~/.aweigh)");

/** The data directory that a command means, as an absolute path. */
export function dataRoot({ env, workingDirectory }: Pick<Terminal, 'env' | 'workingDirectory'>, option: string | undefined): string {
  const named = option ?? env['AWEIGH_DATA'];
  return named === undefined || named === '' ? resolve(homedir(), '.aweigh') : resolve(workingDirectory, named);
}
