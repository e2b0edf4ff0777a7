import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import { adopt, isAdoptable, overlay, readAdopted, writeAdopted } from './adopted.ts';
import { differingPaths } from './differences.ts';

const deployment = (memory: string, image = 'shop@sha256:1'): KubernetesObject => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' },
  spec: { replicas: 2, template: { metadata: { annotations: { 'example.com/team': 'a' } }, spec: { containers: [{ name: 'app', image, resources: { limits: { memory } } }] } } },
} as KubernetesObject);

test.for([
  { path: ['spec', 'template', 'spec', 'containers', '[app]', 'resources', 'limits', 'memory'], then: true },
  { path: ['spec', 'template', 'spec', 'containers', '[app]', 'image'], then: false },
  { path: ['spec', 'template', 'spec', 'containers'], then: false },
  { path: ['spec', 'template', 'spec', 'terminationGracePeriodSeconds'], then: true },
  { path: ['spec', 'template', 'metadata', 'annotations', 'example.com/team'], then: true },
  { path: ['spec', 'template', 'metadata', 'labels', 'version'], then: false },
  { path: ['spec', 'strategy', 'rollingUpdate', 'maxSurge'], then: true },
  { path: ['spec', 'replicas'], then: false },
  { path: ['spec', 'selector', 'matchLabels', 'track'], then: false },
])('$path: adoptable $then', ({ path, then }) => expect(isAdoptable('Deployment', path)).toBe(then));

test('nothing of a Service or a Router is adopted: requests go where the release says', () => {
  expect(isAdoptable('Service', ['spec', 'selector', 'version'])).toBe(false);
  expect(isAdoptable('Router', ['spec', 'production'])).toBe(false);
});

test('what is adopted is what was live, survives its file, and goes with its object', () => {
  const wanted = deployment('1Gi'), live = deployment('2Gi');
  const fields = adopt([], 'Deployment/shop', live, differingPaths(wanted, live), 'kubectl-edit', '2026-11-25T10:00:00Z');
  expect(readAdopted(writeAdopted(fields))).toEqual(fields);
  const { specs } = overlay([wanted], fields);
  expect(differingPaths(specs[0], live)).toEqual([]);
  expect(wanted, 'the rendered spec stays as it is').toEqual(deployment('1Gi'));
  expect(overlay([{ ...wanted, metadata: { name: 'other' } }], fields)).toMatchObject({ fields: [] });
  const more = adopt(fields, 'Deployment/shop', deployment('3Gi'), [fields[0]?.path ?? []], 'helm', '2026-11-25T11:00:00Z');
  expect(more).toMatchObject([{ value: '3Gi', by: 'helm' }]);
});

test('a file that a person broke adopts nothing', () => {
  for (const text of [undefined, '', '[', 'fields: 3', 'fields: [{ object: 3 }, { object: Deployment/shop, path: x }]']) expect(readAdopted(text)).toEqual([]);
});
