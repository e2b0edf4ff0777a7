import { expect, test } from 'vitest';
import type { Application } from '../../api/application/application.ts';
import type { Node, Pod, ResourceQuota } from '../../kubernetes/types.generated.ts';
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

const node = (name: string, cpu: string): Node => ({ metadata: { name }, status: { allocatable: { cpu, memory: '64Gi', pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] } });
const busy = (nodeName: string, cpu: string): Pod => ({ spec: { nodeName, containers: [{ name: 'a', resources: { requests: { cpu } } }] } });
const requesting = (cpu: string): Application => {
  const application = modelApplication();
  return { ...application, spec: { ...application.spec, template: { spec: { containers: [{ name: 'app', image: '${image}', resources: { requests: { cpu } } }] } } } };
};

test('a plan says where the surge of 10 + 10 pods does not fit on the nodes', () => {
  const { delivery } = installed();
  const plan = (cpus: string) => planRelease({ application: requesting('500m'), version: 'v2', quotas: [], ...(delivery && { delivery }), room: { nodes: [node('a', cpus), node('b', cpus)], pods: [busy('a', '1'), busy('b', '1250m')] } }).warnings;
  expect(plan('4')).toEqual([]);
  // 1.75 free on one and 2 on the other: whole pods only.
  expect(plan('3')).toEqual(['The nodes have room for 7 pods more of this size (cpu is short), the release needs 10 at its peak on production: add a node, or shrink a track or what a pod requests']);
});

test('an autoscaled track surges by the size that it has now, and what is kept warm counts', () => {
  const tracks = modelApplication().spec.tracks.map((t) => (t.name === 'production' ? { ...t, autoscaling: { maxReplicas: 40 } } : t));
  const cluster = new ModelCluster(modelApplication({ tracks, keepWarmSeconds: 3600 }));
  cluster.push('v1');
  cluster.settle();
  cluster.autoscale('production', 25);
  cluster.push('v2');
  cluster.settle(() => cluster.releases.length === 2 && cluster.releases.at(-1)?.status?.phase === 'Completed');
  cluster.autoscale('production', 25);
  const { application, delivery } = cluster;
  const deployments = [...cluster.deployments.values()].map((d) => ({ ...d, metadata: { ...d.metadata, labels: { ...d.metadata?.labels, 'aweigh.dev/build': d.metadata?.labels?.['build'] ?? '' } } }));
  const plan = planRelease({ application, version: 'v3', quotas: [], deployments, ...(delivery && { delivery }) });
  expect(plan.steps.find((s) => s.track === 'production')?.text).toBe('start 25 pods of v3 beside 25 of account-service-v2');
  // Four routers, ten on the first three tracks, 25 that serve, 25 kept warm, and 25 that come.
  expect(plan.peakPods).toBe(4 + 10 + 25 + 25 + 25);
});

test('a plan says what it would wait for', () => {
  const { application, delivery } = installed();
  const places = [{ policy: 'all', limit: 1, taken: new Set(['default/bank-v2']), queue: ['default/cart-v2'], freezeWindows: [] }];
  expect(planRelease({ application, version: 'v2', quotas: [], places, missing: ['Secret db'], ...(delivery && { delivery }) }).warnings).toEqual([
    'Secret db, which the template names, does not exist: create it, or the release waits for it',
    'Policy all lets 1 releases be in motion and 1 are, 1 wait: it waits its turn',
  ]);
});
