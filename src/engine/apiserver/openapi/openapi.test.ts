import { expect, test } from 'vitest';
import { createOpenApi } from './openapi.ts';
import type { CustomApi } from './served-resource.ts';

const widget: CustomApi = {
  group: 'example.org', version: 'v1', plural: 'widgets', kind: 'Widget', listKind: 'WidgetList', namespaced: true, status: true, scale: false,
  schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } },
};
// oxlint-disable-next-line typescript/no-explicit-any -- a document of any shape
const parse = (body: Buffer | undefined): any => JSON.parse(String(body));

test('the index names the document of each group version by its hash', () => {
  const openApi = createOpenApi('v1.35.4');
  const { paths } = parse(openApi.index().body);
  expect(paths['api/v1'].serverRelativeURL).toBe(`/openapi/v3/api/v1?hash=${openApi.v3('api/v1')?.hash}`);
  expect(Object.keys(paths)).toContain('apis/apps/v1');
  expect(openApi.v3('apis/none/v1')).toBeUndefined();
});

test('a PATCH says what kubectl looks for', () => {
  const { patch } = parse(createOpenApi('v1.35.4').v3('apis/apps/v1')?.body).paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'];
  expect(patch.parameters.map((p: { name: string }) => p.name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  expect(Object.keys(patch.requestBody.content)).toContain('application/strategic-merge-patch+json');
  expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
});

test('every reference of a document is in it', () => {
  const openApi = createOpenApi('v1.35.4');
  openApi.setCustomResources([widget]);
  for (const path of Object.keys(parse(openApi.index().body).paths)) {
    const text = String(openApi.v3(path)?.body);
    const { schemas } = JSON.parse(text).components;
    for (const [, name] of text.matchAll(/#\/components\/schemas\/([^"]+)/g)) expect(schemas).toHaveProperty([name ?? '']);
  }
});

test('custom resources come and go', () => {
  const openApi = createOpenApi('v1.35.4');
  openApi.setCustomResources([widget]);
  const document = parse(openApi.v3('apis/example.org/v1')?.body);
  const { properties } = document.components.schemas['org.example.v1.Widget'];
  expect(properties.spec).toEqual(widget.schema?.properties?.spec);
  for (const field of ['apiVersion', 'kind', 'metadata']) expect(properties[field].description).toMatch(/\w/);
  expect(properties.metadata.allOf).toEqual([{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }]);
  expect(Object.keys(document.paths)).toContain('/apis/example.org/v1/namespaces/{namespace}/widgets/{name}/status');
  openApi.setCustomResources([]);
  expect(openApi.v3('apis/example.org/v1')).toBeUndefined();
});

test('an object inside of a custom resource has what every object has', () => {
  const openApi = createOpenApi('v1.35.4');
  openApi.setCustomResources([{ ...widget, schema: { type: 'object', properties: { template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true } } } }]);
  const { template } = parse(openApi.v3('apis/example.org/v1')?.body).components.schemas['org.example.v1.Widget'].properties;
  expect(Object.keys(template.properties)).toEqual(['apiVersion', 'kind', 'metadata']);
  const v2 = parse(openApi.v2('json').body).definitions['org.example.v1.Widget'].properties;
  expect(v2.metadata).toMatchObject({ $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' });
});
