import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataDirectory } from './data-directory.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'aweigh-data-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a data directory is made with the folders above it, and only its owner reads it', () => {
  const { root, tokens } = openDataDirectory(join(folder, 'a', 'b'));
  expect(statSync(root).mode & 0o777).toBe(0o700);
  expect(openDataDirectory(root).tokens).toEqual(tokens);
});

test('what stands in its way is named', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => openDataDirectory(join(folder, 'file', 'data'))).toThrow(`Cannot make the data directory ${join(folder, 'file', 'data')}: `);
  expect(() => openDataDirectory(join(folder, 'file'))).toThrow('Name another with --data DIR.');
});
