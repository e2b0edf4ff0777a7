import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../runtime/clock.ts';
import type { Store } from '../../store/store.ts';
import { storeKey, timestamp } from '../context.ts';
import type { BootstrapObject } from './objects.ts';

/** Writes the objects that are not there. @param replace also writes over those that are */
export async function ensureObjects(store: Store, clock: Clock, objects: readonly BootstrapObject[], replace = false): Promise<void> {
  await Promise.all(objects.map(async ({ storage, object }) => {
    const { name = '', namespace } = object.metadata ?? {};
    const collection = store.collection(storage);
    const key = storeKey(namespace, name);
    const old = store.head(collection, key);
    if (old !== undefined && !replace) return;
    const { uid = randomUUID(), creationTimestamp = timestamp(clock.now()) } = old?.object.metadata ?? {};
    await store.put(collection, key, { ...object, metadata: { ...object.metadata, uid, creationTimestamp } });
  }));
}
