import { expect, test } from 'vitest';
import { allowAll } from '../auth/authorizer.ts';
import { admit, type Lookups } from './admission.ts';
import type { KindObject, StrategyContext } from '../kinds/strategy.ts';

const context: StrategyContext = { now: '2026-01-01T00:00:00Z', uid: () => 'u', user: { username: 'u', groups: [] }, loopbackAddresses: false, access: allowAll };
const quota: KindObject = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: {}, status: { hard: { pods: '2', 'requests.cpu': '1' }, used: { pods: '1', 'requests.cpu': '500m' } } };
const lookups: Lookups = { get: (_group, kind, _namespace, name) => (kind === 'Namespace' ? { apiVersion: 'v1', kind, metadata: { name } } : undefined), list: (_group, kind) => (kind === 'ResourceQuota' ? [quota] : []), isEmpty: () => true, scopeOf: () => undefined, equivalents: () => [] };
const create = (cpu: string): void => {
  const object: KindObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'a', resources: { requests: { cpu } } }] } };
  admit({ operation: 'CREATE', group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespace: 'default', dryRun: false, object }, context, lookups);
};

test('a pod within its quota is let in', () => expect(() => create('500m')).not.toThrow());
test('a pod past its quota is refused', () => expect(() => create('501m')).toThrow(/exceeded quota: q/));
