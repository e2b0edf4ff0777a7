import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { volumeContent, type VolumeFile } from './volume-files.ts';
import { writeVolume } from './volume-writer.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'aweigh-volume-')); });
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (path: string): number => statSync(join(folder, path)).mode & 0o777;

test('files have the mode that is asked for, whatever the umask, and change all at once', () => {
  const file = (path: string, text: string, mode: number): VolumeFile => ({ path, content: Buffer.from(text), mode });
  expect(writeVolume(folder, [file('a', '1', 0o666), file('deep/b', '2', 0o400)])).toBe(true);
  expect([modeOf('a'), modeOf('deep/b')]).toEqual([0o666, 0o400]);
  expect(writeVolume(folder, [file('a', '1', 0o666), file('deep/b', '2', 0o400)])).toBe(false);
  expect(writeVolume(folder, [file('deep/b', '3', 0o640)])).toBe(true);
  expect([readFileSync(join(folder, 'deep/b'), 'utf8'), modeOf('deep/b'), statSync(join(folder, 'a'), { throwIfNoEntry: false })]).toEqual(['3', 0o640, undefined]);
});

test('the modes of a Secret are those of its spec, 0644 where nothing is said; a token is its pod\'s own', async () => {
  const source = { configMap: () => undefined, secret: () => ({ data: { a: 'YQ==', b: 'Yg==' } }) };
  const of = async (volume: object) => volumeContent({ spec: { containers: [] } }, { name: 'v', ...volume }, source, { podIp: '', hostIp: '' }, () => Promise.resolve('token'));
  const modes = async (volume: object) => {
    const content = await of(volume);
    return content.type === 'files' ? content.files.map((f) => f.mode) : content;
  };
  expect(await modes({ secret: { secretName: 's' } })).toEqual([0o644, 0o644]);
  expect(await modes({ secret: { secretName: 's', defaultMode: 0o440, items: [{ key: 'a', path: 'a' }, { key: 'b', path: 'b', mode: 0o400 }] } })).toEqual([0o440, 0o400]);
  expect(await modes({ projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } })).toEqual([0o600]);
});
