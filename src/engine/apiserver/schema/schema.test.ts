import { expect, test } from 'vitest';
import { schemaFromCustomResource } from './custom-resource.ts';
import { schemaFor } from './schema.ts';

test('a built-in kind is found by group, version and kind, and walked through references', () => {
  const containers = schemaFor('apps', 'v1', 'Deployment')?.properties?.get('spec')?.properties?.get('template')
    ?.properties?.get('spec')?.properties?.get('containers');
  expect(containers).toMatchObject({ type: 'array', listType: 'map', listMapKeys: ['name'], patchStrategy: ['merge'], patchMergeKey: 'name' });
  expect(containers?.items?.definition).toBe('io.k8s.api.core.v1.Container');
  expect(containers?.items?.properties?.get('ports')?.items?.properties?.get('protocol')?.default).toBe('TCP');
});

test('an unknown kind has no schema', () => expect(schemaFor('', 'v2', 'Pod')).toBeUndefined());

test('what a property says of a reference overrides the definition', () => {
  expect(schemaFor('', 'v1', 'PersistentVolume')?.properties?.get('spec')?.properties?.get('claimRef')?.mapType).toBe('granular');
  expect(schemaFor('apps', 'v1', 'Deployment')?.properties?.get('spec')?.properties?.get('strategy')?.patchStrategy).toEqual(['retainKeys']);
});

test('recursive definitions are resolved step by step', () => {
  let node = schemaFor('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition')?.properties?.get('spec')?.properties?.get('versions')
    ?.items?.properties?.get('schema')?.properties?.get('openAPIV3Schema');
  for (let depth = 0; depth < 5; depth += 1) node = node?.properties?.get('properties')?.additionalProperties;
  expect(node?.definition).toMatch(/JSONSchemaProps$/);
});

test('a custom resource has the metadata of every object and the fields it declares', () => {
  const schema = schemaFromCustomResource({
    type: 'object',
    properties: { spec: { type: 'object', required: ['size'], properties: { size: { type: 'integer', default: 3 }, port: { 'x-kubernetes-int-or-string': true } } } },
  });
  expect([...(schema.properties?.keys() ?? [])]).toEqual(['apiVersion', 'kind', 'spec', 'metadata']);
  expect(schema.properties?.get('spec')).toMatchObject({ required: ['size'], preserveUnknownFields: false });
  expect(schema.properties?.get('spec')?.properties?.get('size')?.default).toBe(3);
  expect(schema.properties?.get('spec')?.properties?.get('port')?.intOrString).toBe(true);
});
