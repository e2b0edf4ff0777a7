import { expect, test } from 'vitest';
import type { RouterStatus } from '../router/router.ts';
import { isRetreat, retreatIsOpen } from './retreat.ts';
import type { Release, ReleasePhase, TrackPhase } from './release.ts';

const release = (spec: Partial<Release['spec']>, phase?: ReleasePhase, track: TrackPhase = 'Failed'): Release => ({
  spec: { application: 'shop', build: 'shop-v2', ...spec },
  ...(phase && { status: { phase, tracks: [{ name: 'free', phase: track }, { name: 'production', phase: 'Queued' }] } }),
});
const abort = { actor: 'ann', reason: 'errors' };
const observed = (free: string | undefined, production = 'production-v1', next?: string): RouterStatus['observed'] => ({
  routes: [{ segment: 'FREE', ...(free !== undefined && { backend: free }), share: 500 }],
  production: { backend: production, ...(next !== undefined && { next: { backend: next, share: 500 } }) },
});

test.for([
  { is: false, what: 'a promotion', of: release({}, 'Progressing') },
  { is: true, what: 'one that a person aborts', of: release({ abort }, 'Progressing') },
  { is: true, what: 'one that failed', of: release({}, 'Aborting') },
  { is: true, what: 'a rollback', of: release({ type: 'rollback' }) },
  { is: false, what: 'one that is over', of: release({ abort }, 'Aborted') },
] as const)('$what takes users back: $is', ({ of, is }) => expect(isRetreat(of)).toBe(is));

test.for([
  { is: true, what: 'the routers send a segment to it', of: release({ abort }, 'Progressing'), seen: observed('free-v2') },
  { is: true, what: 'its share of production was not taken back', of: release({}, 'Aborting'), seen: observed(undefined, 'production-v1', 'production-v2') },
  { is: false, what: 'the routers send nobody to it', of: release({}, 'Aborting'), seen: observed('free-v1') },
  { is: false, what: 'nobody is routed yet', of: release({ abort }, 'Progressing'), seen: undefined },
  { is: true, what: 'a rollback has only begun', of: release({ type: 'rollback' }), seen: observed('free-v1') },
  { is: true, what: 'a rollback waits for its pods', of: release({ type: 'rollback' }, 'Progressing', 'ScalingUp'), seen: observed('free-v1') },
  { is: false, what: 'all that a rollback replaces drains', of: { ...release({ type: 'rollback' }), status: { phase: 'Progressing', tracks: [{ name: 'production', phase: 'Draining' }] } } as Release, seen: observed('free-v2') },
] as const)('open, $is: $what', ({ of, seen, is }) => expect(retreatIsOpen(of, 'v2', seen)).toBe(is));
