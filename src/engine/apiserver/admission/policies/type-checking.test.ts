import { expect, test } from 'vitest';
import { ResourceRegistry } from '../../resources/registry.ts';
import { policyWarnings } from './type-checking.ts';

const registry = new ResourceRegistry();
const warnings = (expressions: readonly string[], more: object = {}, rule: object = {}): [string, string][] => policyWarnings({
  matchConstraints: { resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'], ...rule }] }, validations: expressions.map((expression) => ({ expression })), ...more,
} as never, registry).map(({ fieldRef, warning }) => [fieldRef, warning]);

test.for([
  'object.spec.replicas <= 5', "object.metadata.labels['a'] == 'b'", 'has(object.spec.template.spec.containers[0].resources.limits)', "object.spec.template.spec.containers.all(c, c.image.startsWith('a'))",
  'oldObject == null || object.spec.replicas >= oldObject.spec.replicas', "request.userInfo.username == 'a'", "authorizer.group('').resource('pods').check('get').allowed()", 'namespaceObject.metadata.labels.a == object.metadata.namespace',
  "object.spec.template.spec.containers.all(c, c.livenessProbe.httpGet.port == 80)", "quantity(object.spec.template.spec.containers[0].resources.limits['cpu']).isLessThan(quantity('1'))", 'object == oldObject', 'params.spec.max > 1',
])('%s has no fault', (expression) => expect(warnings([expression])).toEqual([]));

test.for([
  ['object.spec.replica <= 5', /apps\/v1, Kind=Deployment: .*replica/], ["object.spec.replicas == 'a'", /no such overload/], ['has(object.spec.nope)', /undefined field 'nope'/], ['object.spec.template.spec.containers.all(c, c.img == "a")', /img/],
] as const)('%s is warned of', ([expression, warning]) => {
  expect(warnings([expression])).toEqual([['spec.validations[0].expression', expect.stringMatching(warning)]]);
});

test('each kind that an expression is wrong about is named; rules with wildcards name none', () => {
  expect(warnings(['object.spec.completions > 1'], {}, { apiGroups: ['apps', 'batch'], resources: ['deployments', 'statefulsets', 'jobs'] })).toEqual([['spec.validations[0].expression', expect.stringMatching(/^apps\/v1, Kind=Deployment: .*\napps\/v1, Kind=StatefulSet: .*$/)]]);
  expect(warnings(['object.nope'], {}, { resources: ['*'] })).toEqual([]);
});

test('variables have the types of their expressions, each known to those after it', () => {
  const variables = [{ name: 'replicas', expression: 'object.spec.replicas' }, { name: 'template', expression: 'object.spec.template.spec' }, { name: 'containers', expression: 'variables.template.containers' }, { name: 'many', expression: 'variables.replicas > 3' }, { name: 'images', expression: 'variables.containers.map(c, c.image)' }];
  expect(warnings(["variables.many || variables.containers.all(c, c.image == 'a') || variables.images[0].startsWith('a')"], { variables })).toEqual([]);
  expect(warnings(["variables.replicas == 'a'", 'variables.containers.all(c, c.img == "a")', 'variables.other > 1', 'variables.images[0] > 1'], { variables })).toEqual([
    ['spec.validations[0].expression', expect.stringMatching(/no such overload/)], ['spec.validations[1].expression', expect.stringMatching(/img/)], ['spec.validations[2].expression', expect.stringMatching(/other/)], ['spec.validations[3].expression', expect.stringMatching(/no such overload/)],
  ]);
});

test('variables, messages and parameters are looked at', () => {
  expect(warnings([], { variables: [{ name: 'v', expression: 'object.spec.x' }], validations: [{ expression: 'params.data.max == "1" && params.datas == "1"', messageExpression: 'object.y' }], paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }).map(([field]) => field)).toEqual(['spec.variables[0].expression', 'spec.validations[0].expression', 'spec.validations[0].messageExpression']);
});
