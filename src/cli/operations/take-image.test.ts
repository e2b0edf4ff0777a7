import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openImageStore } from '../../engine/images/image-store.ts';
import { registryClient } from '../../providers/registry/registry-client.ts';
import { hasRegistry, startRegistry } from '../../providers/registry/registry-fixture.ts';
import { takeImage } from './take-image.ts';

test.skipIf(!hasRegistry)('an image of a registry comes into the local store whole, as its digest says', async () => {
  const registry = await startRegistry();
  const store = mkdtempSync(join(tmpdir(), 'aweigh-take-'));
  try {
    const digest = await registry.push('team/taken', 'v1.0.0', 'hello');
    const image = { image: `${registry.host}/team/taken`, insecure: true };
    await takeImage(store, registryClient(), image, 'v1.0.0', digest, new AbortController().signal);
    const images = openImageStore(store);
    expect((await images.resolve(`${image.image}@${digest}`)).run.Cmd).toEqual(['cat', '/content']);
    expect((await images.resolve(`${image.image}:v1.0.0`)).digest).toBe(digest);
  } finally {
    rmSync(store, { recursive: true });
    await registry.stop();
  }
});
