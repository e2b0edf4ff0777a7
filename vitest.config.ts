import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** End-to-end tests wait more than they compute: half a core each on the average. */
const CLUSTERS_AT_A_TIME = 3;

const onBothControlPlanes = [...['install', 'release-scenarios-haproxy', 'release-scenarios-builtin', 'failed-releases', 'killed-processes', 'kill-at-every-step', 'rebuilt-cluster', 'adopt', 'config-and-hooks', 'bad-input', 'source-and-record'].map((name) => `test/e2e/${name}.test.ts`), 'test/integration/notifications.test.ts'];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts', 'test/compatibility/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000, maxWorkers: CLUSTERS_AT_A_TIME, sequence: { groupOrder: 1 } } },
      { test: { name: 'soak', include: ['test/soak/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false } },
      // The same tests of releases on Kubernetes's own control plane: test/compatibility/releases.ts runs it, in a network of its own.
      { test: { name: 'real-control-plane', include: [...onBothControlPlanes, 'test/control-planes/*.test.ts'], provide: { controlPlane: 'kubernetes' }, testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false } },
      { test: { name: 'compatibility', include: ['test/compatibility/*/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 120_000, fileParallelism: false } },
    ],
    sequence: { sequencer: LongestFirst },
    passWithNoTests: true,
  },
});
