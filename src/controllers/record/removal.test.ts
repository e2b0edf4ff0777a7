import { expect, test } from 'vitest';
import type { Application } from '../../api/application/application.ts';
import type { KubernetesObject } from '../../client/resource.ts';
import type { Deployment } from '../../kubernetes/types.generated.ts';
import { farewellOf } from './removal.ts';

const deletedAt = '2026-11-25T12:00:00Z';
const application = (finalizers: string[] = []): Application => ({ metadata: { namespace: 'shops', name: 'shop', uid: 'u1', deletionTimestamp: deletedAt, finalizers }, spec: { template: {}, ports: [], tracks: [] } });
const router = (metadata: object = {}): Deployment => ({ metadata: { namespace: 'shops', name: 'shop-haproxy', ownerReferences: [{ apiVersion: 'aweigh.dev/v1alpha1', kind: 'Application', name: 'shop', uid: 'u1' }], ...metadata }, spec: { selector: {}, template: { spec: { containers: [], terminationGracePeriodSeconds: 20 } } } });
const drain = { then: 'drain', router: { namespace: 'shops', name: 'shop-haproxy' } };

test.for<{ when: string; app?: Application; live?: KubernetesObject; afterSeconds?: number; then: object }>([
  { when: 'routers serve: they are drained', live: router(), then: drain },
  { when: 'routers drain: they are waited for, as long as they may take and a little', live: router({ deletionTimestamp: deletedAt }), afterSeconds: 10, then: { then: 'wait', forMs: 40_000 } },
  { when: 'routers never end, such as on a lost node: it goes without them', live: router({ deletionTimestamp: deletedAt }), afterSeconds: 50, then: { then: 'go' } },
  { when: 'routers are gone', then: { then: 'go' } },
  { when: 'whoever deleted it keeps what it owns', app: application(['orphan']), live: router(), then: { then: 'go' } },
  { when: 'the routers are not its own any more', live: router({ ownerReferences: [] }), then: { then: 'go' } },
])('a deleted Application where $when', ({ app = application(), live, afterSeconds = 0, then }) => {
  expect(farewellOf(app, new Map(live === undefined ? [] : [['Deployment/shop-haproxy', live]]), Date.parse(deletedAt) + afterSeconds * 1_000)).toEqual(then);
});
