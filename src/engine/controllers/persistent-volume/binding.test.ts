import { expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../kubernetes/types.generated.ts';
import { holding, keptFor, volumeFor, volumePhase } from './binding.ts';

const claim: PersistentVolumeClaim = { metadata: { namespace: 'a', name: 'data', uid: 'u1' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'manual' } };
const volume = (name: string, storage: string, over: NonNullable<PersistentVolume['spec']> = {}): PersistentVolume => ({ metadata: { name, labels: { tier: name } }, spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], storageClassName: 'manual', ...over } });
const ref = (uid?: string, name = 'data') => ({ claimRef: { namespace: 'a', name, ...(uid && { uid }) } });

test.for<{ when: string; volumes: PersistentVolume[]; then?: string; of?: PersistentVolumeClaim }>([
  { when: 'the smallest that is enough', volumes: [volume('big', '5Gi'), volume('small', '512Mi'), volume('fits', '1024Mi')], then: 'fits' },
  { when: 'one of another class, mode or owner is none', volumes: [volume('a', '1Gi', { storageClassName: 'x' }), volume('b', '1Gi', { accessModes: ['ReadOnlyMany'] }), volume('c', '1Gi', ref('u9', 'other'))] },
  { when: 'the one that is kept for it, whatever its size', volumes: [volume('fits', '1Gi'), volume('kept', '1Mi', ref())], then: 'kept' },
  { when: 'never one that was kept for an earlier claim of its name', volumes: [volume('old', '1Gi', ref('u0'))] },
  { when: 'as its selector says', volumes: [volume('x', '1Gi'), volume('y', '1Gi')], of: { ...claim, spec: { ...claim.spec, selector: { matchLabels: { tier: 'y' } } } }, then: 'y' },
])('a claim gets $when', ({ volumes, of = claim, then }) => expect(volumeFor(of, volumes, undefined)?.metadata?.name).toBe(then));

test('a claim whose class waits for a pod takes only what was made for it', () => {
  const waits: StorageClass = { provisioner: 'p', volumeBindingMode: 'WaitForFirstConsumer' };
  expect(volumeFor(claim, [volume('free', '1Gi')], waits)).toBeUndefined();
  expect(volumeFor(claim, [volume('made', '1Gi', ref('u1'))], waits)?.metadata?.name).toBe('made');
});

test('binding says the same on both sides, once, and a volume whose claim is gone, or another, is released', () => {
  const kept = keptFor(volume('v', '1Gi'), claim);
  expect(kept?.spec?.claimRef).toMatchObject({ namespace: 'a', name: 'data', uid: 'u1' });
  const held = holding(claim, kept!);
  expect([held?.spec?.volumeName, keptFor(kept!, claim), holding(held!, kept!)]).toEqual(['v', undefined, undefined]);
  expect([volumePhase(volume('v', '1Gi'), undefined), volumePhase(kept!, held), volumePhase(kept!, undefined), volumePhase(kept!, { ...held, metadata: { ...held?.metadata, uid: 'u2' } })]).toEqual(['Available', 'Bound', 'Released', 'Released']);
});
