import { expect, test } from 'vitest';
import { allowAll } from '../auth/authorizer.ts';
import type { KindObject, StrategyContext } from '../kinds/strategy.ts';
import type { Lookups } from './admission.ts';
import { applyRuntimeClass } from './runtime-class.ts';

const context: StrategyContext = { now: '2026-01-01T00:00:00Z', uid: () => 'u', user: { username: 'u', groups: [] }, loopbackAddresses: false, access: allowAll };
const classes: Record<string, object> = {
  heavy: { overhead: { podFixed: { cpu: '250m' } }, scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] } }, light: {},
};
const lookups: Lookups = { get: (_group, _kind, _namespace, name) => classes[name] as KindObject | undefined, list: () => [], isEmpty: () => true, scopeOf: () => undefined, equivalents: () => [] };
const admitted = (spec: object): unknown => {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: structuredClone(spec) } as unknown as KindObject;
  applyRuntimeClass({ operation: 'CREATE', group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespace: 'default', dryRun: false, object }, context, lookups);
  return object['spec'];
};

test('a pod gets what its runtime class says', () => {
  expect(admitted({ runtimeClassName: 'heavy', nodeSelector: { a: 'b' } })).toEqual({ runtimeClassName: 'heavy', nodeSelector: { a: 'b', vm: 'yes' }, overhead: { cpu: '250m' }, tolerations: [{ key: 'vm', operator: 'Exists' }] });
  expect(admitted({ runtimeClassName: 'heavy', overhead: { cpu: '0.25' }, tolerations: [{ key: 'vm', operator: 'Exists' }] })).toMatchObject({ overhead: { cpu: '250m' }, tolerations: [{ key: 'vm', operator: 'Exists' }] });
  expect(admitted({ runtimeClassName: 'light' })).toEqual({ runtimeClassName: 'light' });
  expect(admitted({})).toEqual({});
});

test.for([
  [{ overhead: { cpu: '1' } }, 'the pod has none that gives any'],
  [{ runtimeClassName: 'light', overhead: { cpu: '1' } }, 'the pod has none that gives any'],
  [{ runtimeClassName: 'heavy', overhead: { cpu: '1' } }, 'is not that of RuntimeClass heavy'],
  [{ runtimeClassName: 'heavy', nodeSelector: { vm: 'no' } }, 'vm=no'],
  [{ runtimeClassName: 'none' }, 'no RuntimeClass is named none'],
] as const)('%j is refused', ([spec, message]) => expect(() => admitted(spec)).toThrow(message));
