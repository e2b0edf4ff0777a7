import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aweigh, succeeded } from '../e2e/command-line.ts';

const IMAGE = 'aweigh:test';
/** Flags of `aweigh install` where no image can be pulled: the nodes' store has one that says how to start, and programs of this machine are what it starts. */
export const INSTALL_FLAGS: readonly string[] = ['--image', IMAGE, '--router-image', IMAGE];

export async function packControllersImage(data: string): Promise<void> {
  const folder = join(data, 'controllers-image');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'image.json'), '{ "entrypoint": ["sh"] }\n');
  await succeeded(aweigh(['image', 'build', folder, '--tag', IMAGE, '--data', data]));
}
