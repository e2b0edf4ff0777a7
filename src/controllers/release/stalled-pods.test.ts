import { expect, onTestFinished, test, vi } from 'vitest';
import { Namespaces, Pods, ServiceAccounts } from '../../client/kinds.ts';
import type { ContainerState, Deployment, Pod } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { startApiServerFixture } from '../api-server-fixture.ts';
import { ModelCluster, modelApplication } from './model-cluster.ts';
import type { Observed } from './observed.ts';
import { stallOf, StalledPods } from './stalled-pods.ts';

const pod = (state: ContainerState, more: object = {}): Pod => ({
  metadata: { name: 'shop-1' }, spec: { containers: [{ name: 'app', image: 'shop@sha256:1' }] },
  status: { containerStatuses: [{ name: 'app', image: '', imageID: '', ready: false, restartCount: 0, state, ...more }] },
});
const waiting = (reason: string, message?: string): ContainerState => ({ waiting: { reason, ...(message === undefined ? {} : { message }) } });
const unplaced: Pod = { metadata: { name: 'shop-2' }, spec: { containers: [] }, status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' }] } };

test.for([
  { when: 'the image is gone', pods: [pod(waiting('ErrImagePull', 'there is no shop@sha256:1'))], says: /the image shop@sha256:1 cannot be had \(ErrImagePull\): there is no shop@sha256:1$/, out: /bring the image back and aweigh release retry/ },
  { when: 'a ConfigMap is missing', pods: [pod(waiting('CreateContainerConfigError', 'configmap "a" not found'))], says: /container app cannot be made \(CreateContainerConfigError\): configmap "a" not found/, out: /mend what it names/ },
  { when: 'the program crashes again and again', pods: [pod(waiting('CrashLoopBackOff', 'back-off'), { lastState: { terminated: { exitCode: 7 } } })], says: /container app exited with 7$/, out: /pods' logs/ },
  { when: 'the program is not ready', pods: [pod({ running: {} })], says: /container app runs and is not ready/, out: /readiness probe/ },
  { when: 'there is no node', pods: [unplaced], says: /a pod has no node \(Unschedulable\): 0\/1 nodes are available: 1 Insufficient cpu$/, out: /make room/ },
  { when: 'only one says why', pods: [pod(waiting('ContainerCreating')), unplaced], says: /no node/, out: /make room/ },
])('pods of which $when say so, with the way out', ({ pods, says, out }) => {
  const stall = stallOf(pods);
  expect(stall?.message).toMatch(says);
  expect(stall?.wayOut).toMatch(out);
});

test('pods that are being made, and none, say nothing', () => {
  expect(stallOf([pod(waiting('ContainerCreating')), pod(waiting('PodInitializing'))])).toBeUndefined();
  expect(stallOf([])).toBeUndefined();
});

test('pods are looked at only when a release has waited for them a while, and what they say is told once', async () => {
  const api = await startApiServerFixture();
  onTestFinished(() => api.stop());
  const cluster = new ModelCluster(modelApplication({}));
  cluster.push('v1.18.0', { becomesReady: false });
  cluster.settle(() => cluster.releases.some((r) => r.status?.tracks?.[0]?.phase === 'ScalingUp') && cluster.deployments.size > 0);
  const { namespace = '', name = '' } = cluster.application.metadata ?? {};
  const labels = { app: name, version: 'v1.18.0' };
  const deployments = [...cluster.deployments.values()].map((d): Deployment => ({ ...d, spec: { ...d.spec!, replicas: 2, selector: { matchLabels: labels } } }));
  const observed = (afterMs: number): Observed => ({ ...cluster.observed(), deployments, now: cluster.now + afterMs });
  await api.client.create(Namespaces, { metadata: { name: namespace } }).catch(() => undefined);
  await api.client.create(ServiceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'default' } });
  await api.client.create(Pods, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: 'stuck', labels }, spec: { containers: [{ name: 'app', image: 'shop:v1' }] } });
  await api.client.patch(Pods, { namespace, name: 'stuck' }, { status: pod(waiting('ErrImagePull', 'gone')).status }, { subresource: 'status' });
  const woken = vi.fn();
  const stalled = new StalledPods({ client: api.client, signal: new AbortController().signal } as ControllerContext);
  stalled.start(woken);
  const key = { namespace, name };
  const early = stalled.collect(key, observed(0));
  expect([early.stalls.size, early.dueAt < Infinity, woken.mock.calls]).toEqual([0, true, []]);
  stalled.collect(key, observed(3_600_000));
  await vi.waitFor(() => expect(woken).toHaveBeenCalledWith(key), { timeout: 20_000 });
  expect([...stalled.collect(key, observed(3_600_001)).stalls.values()][0]).toMatchObject({ kind: 'image', message: 'the image shop:v1 cannot be had (ErrImagePull): gone' });
  const before = woken.mock.calls.length;
  stalled.collect(key, observed(7_200_000));
  const ready = stalled.collect(key, { ...observed(7_200_000), releases: [] });
  expect([ready.stalls.size, ready.dueAt, woken.mock.calls.length]).toEqual([0, Infinity, before]);
});
