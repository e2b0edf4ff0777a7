import { existsSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** Absolute path of a program of this machine; never what a container's PATH says. The bare name where there is none, so that the start says so. */
export function systemProgram(name: string): string {
  return folders.map((f) => join(f, name)).find((path) => existsSync(path)) ?? name;
}
