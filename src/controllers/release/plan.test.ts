import { expect, test } from 'vitest';
import type { ResourceQuota } from '../../kubernetes/types.generated.ts';
import { ModelCluster, modelApplication } from './model-cluster.ts';
import { planRelease, planText } from './plan.ts';

function installed(): ModelCluster {
  const cluster = new ModelCluster(modelApplication({ drainSeconds: 6, keepWarmSeconds: 60 }));
  cluster.push('v1.17.0');
  cluster.settle();
  return cluster;
}

test('a plan says every step, its pods and the least time', () => {
  const { application, delivery } = installed();
  expect(planText(planRelease({ application, version: 'v1.18.0', quotas: [], ...(delivery && { delivery }) }))).toMatchInlineSnapshot(`
    "account-service v1.18.0: at least 104 s, at most 34 pods
      1. internal    start 2 pods of v1.18.0 beside 2 of account-service-v1.17.0  [26 pods]
      2. internal    run test job smoke against v1.18.0; no user reaches it yet  [26 pods]
      3. internal    100 % of INTERNAL reach v1.18.0  [26 pods]
      4. internal    gate soak: serve for 20 s  [26 pods]
      5. internal    requests sent to account-service-v1.17.0 have 6 s to finish  [26 pods]
      6. internal    stop 2 pods of account-service-v1.17.0  [24 pods]
      7. free        start 4 pods of v1.18.0 beside 4 of account-service-v1.17.0  [28 pods]
      8. free        5 % of FREE reach v1.18.0  [28 pods]
      9. free        gate soak: serve for 30 s  [28 pods]
     10. free        requests sent to account-service-v1.17.0 have 6 s to finish  [28 pods]
     11. free        stop 4 pods of account-service-v1.17.0  [24 pods]
     12. paid        start 4 pods of v1.18.0 beside 4 of account-service-v1.17.0  [28 pods]
     13. paid        5 % of PAID reach v1.18.0  [28 pods]
     14. paid        gate soak: serve for 30 s  [28 pods]
     15. paid        requests sent to account-service-v1.17.0 have 6 s to finish  [28 pods]
     16. paid        stop 4 pods of account-service-v1.17.0  [24 pods]
     17. production  start 10 pods of v1.18.0 beside 10 of account-service-v1.17.0  [34 pods]
     18. production  all users that no other track takes reach v1.18.0  [34 pods]
     19. production  requests sent to account-service-v1.17.0 have 6 s to finish  [34 pods]
     20. production  stop 10 pods of account-service-v1.17.0 after 60 s kept warm for a rollback  [24 pods]"
  `);
});

test('the first build is planned without gates', () => {
  const plan = planRelease({ application: modelApplication(), version: 'v1.0.0', quotas: [] });
  expect(plan.steps.map((s) => s.action)).toEqual(['scaleUp', 'shift', 'scaleUp', 'shift', 'scaleUp', 'shift', 'scaleUp', 'shift']);
  expect(plan.peakPods).toBe(24);
});

test('a plan warns of a quota that leaves no room for the surge of production', () => {
  const { application, delivery } = installed();
  const quota: ResourceQuota = { metadata: { name: 'team' }, status: { hard: { pods: '30' }, used: { pods: '24' } } };
  expect(planRelease({ application, version: 'v1.18.0', quotas: [quota], ...(delivery && { delivery }) }).warnings).toEqual([
    'ResourceQuota team leaves 6 of pods, the release needs 10 more at its peak: raise the quota or shrink a track',
  ]);
});
