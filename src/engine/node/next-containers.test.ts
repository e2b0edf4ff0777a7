import { expect, test } from 'vitest';
import type { PodSpec } from '../../kubernetes/types.generated.ts';
import { nextContainers, type ContainerProgress } from './next-containers.ts';

const nowMs = 1_000;
const running = (started = true): ContainerProgress => ({ state: 'running', started, startAtMs: 0 });
const ended = (exitCode: number, startAtMs = 0): ContainerProgress => ({ state: 'ended', started: false, exitCode, startAtMs });
const spec = (restartPolicy: PodSpec['restartPolicy'], init: string[] = [], sidecars: string[] = []): PodSpec => ({
  restartPolicy,
  initContainers: [...init.map((name) => ({ name })), ...sidecars.map((name) => ({ name, restartPolicy: 'Always' }))],
  containers: [{ name: 'a' }, { name: 'b' }],
});

test.for<{ when: string; spec: PodSpec; progress: Record<string, ContainerProgress>; then: unknown }>([
  { when: 'nothing runs yet: all main containers', spec: spec('Always'), progress: {}, then: { type: 'go', start: ['a', 'b'] } },
  { when: 'there are init containers: the first alone', spec: spec('Always', ['i', 'j']), progress: {}, then: { type: 'go', start: ['i'] } },
  { when: 'the first init container is done: the second', spec: spec('Always', ['i', 'j']), progress: { i: ended(0) }, then: { type: 'go', start: ['j'] } },
  { when: 'an init container runs: nothing more', spec: spec('Always', ['i']), progress: { i: running() }, then: { type: 'go', start: [] } },
  { when: 'an init container failed and may not restart: the pod failed', spec: spec('Never', ['i']), progress: { i: ended(1) }, then: { type: 'finished', phase: 'Failed' } },
  { when: 'an init container failed and may restart: later', spec: spec('OnFailure', ['i']), progress: { i: ended(1, 5_000) }, then: { type: 'go', start: [], backingOff: ['i'], wakeAtMs: 5_000 } },
  { when: 'a sidecar has not passed its startup probe: nothing more', spec: spec('Always', [], ['s']), progress: { s: running(false) }, then: { type: 'go', start: [] } },
  { when: 'a sidecar is up: the main containers', spec: spec('Always', [], ['s']), progress: { s: running() }, then: { type: 'go', start: ['a', 'b'] } },
  { when: 'a sidecar ended beside the main containers: it alone, although the pod never restarts', spec: spec('Never', [], ['s']), progress: { s: ended(0), a: running(), b: running() }, then: { type: 'go', start: ['s'] } },
  { when: 'a container ended well and the pod always restarts', spec: spec('Always'), progress: { a: ended(0), b: running() }, then: { type: 'go', start: ['a'] } },
  { when: 'a container ended well and the pod restarts on failure', spec: spec('OnFailure'), progress: { a: ended(0), b: running() }, then: { type: 'go', start: [] } },
  { when: 'all ended well', spec: spec('OnFailure'), progress: { a: ended(0), b: ended(0) }, then: { type: 'finished', phase: 'Succeeded' } },
  { when: 'one failed for good', spec: spec('Never'), progress: { a: ended(0), b: ended(2) }, then: { type: 'finished', phase: 'Failed' } },
  { when: 'init containers are not run again once a main container began', spec: spec('Always', ['i']), progress: { a: running(), b: running() }, then: { type: 'go', start: [] } },
])('$when', ({ spec, progress, then }) => expect(nextContainers(spec, new Map(Object.entries(progress)), nowMs)).toMatchObject(then as object));
