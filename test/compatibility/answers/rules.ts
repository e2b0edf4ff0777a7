import type { Case } from './cases.ts';

const integer = { type: 'integer' }, text = { type: 'string' }, short = { type: 'string', maxLength: 10 };
const rules = (...all: (string | object)[]): object => ({ 'x-kubernetes-validations': all.map((rule) => (typeof rule === 'string' ? { rule } : rule)) });
const list = (items: object, more: object = {}): object => ({ type: 'array', items, ...more });
const object = (properties: object, more: object = {}): object => ({ type: 'object', properties, ...more });

/** Fields that most rules below read. */
const fields = {
  replicas: integer, min: integer, price: { type: 'number' }, on: { type: 'boolean' }, name: short, any: { 'x-kubernetes-int-or-string': true },
  at: { type: 'string', format: 'date-time' }, timeout: { type: 'string', format: 'duration' }, key: { type: 'string', format: 'byte' },
  names: list(short, { maxItems: 10 }), labels: { type: 'object', additionalProperties: short, maxProperties: 10 }, ports: list(object({ port: integer, name: short }, { required: ['port'] }), { maxItems: 10 }),
  inner: object({ a: integer, b: text }), 'with-dash': integer, namespace: text, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
};

const onFields: readonly (string | object)[] = [
  'self.replicas >= self.min', 'self.replicas >', 'self.nope > 1', 'has(self.nope)', 'has(self.replicas)', 'self.replicas', 'self.name', 'self.replicas > self.name', 'self.price > 1', 'self.price == 1', 'self.on',
  'self.name.startsWith("a")', 'self.name.nope()', 'nope(self.name)', 'nope > 1', 'self.any == 1', 'self.any == "a"', 'self.at < timestamp("2026-01-01T00:00:00Z")', 'self.at == "a"', 'self.timeout < duration("1h")', 'self.timeout.startsWith("1")',
  'self.key == b"a"', 'self.key == "a"', 'self.names.all(n, n.startsWith("a"))', 'self.names.all(n, n > 1)', 'self.names.exists(n, n == "a") && size(self.names) < 3', 'self.labels.all(k, self.labels[k] == "a")', '"a" in self.labels', '1 in self.names',
  'self.ports.all(p, p.port > 0)', 'self.ports.all(p, p.nope > 0)', 'self.ports.exists_one(p, p.name == "a")', 'self.ports.filter(p, p.port > 1).size() == 1', 'self.ports.map(p, p.port).sum() > 3', 'self.ports[0].port == 1', 'self.ports["a"].port == 1',
  'self.inner.a == 1', 'self.inner == self.inner', 'self.inner.c == 1', 'self.__with__dash__dash == 1', 'self.with__dash__dash == 1', 'self.namespace == "a"', 'self.__namespace__ == "a"', 'self.free.a == 1', 'has(self.free)',
  'oldSelf.replicas <= self.replicas', 'oldSelf == self', { rule: 'oldSelf.hasValue() && oldSelf.value().min == self.min', optionalOldSelf: true }, { rule: 'self.replicas > 1', optionalOldSelf: true }, { rule: 'oldSelf.replicas == self.replicas', optionalOldSelf: true },
  { rule: '' }, { rule: ' ' }, { rule: 'self.replicas > 1', message: ' ' }, { rule: 'self.replicas > 1', message: 'a\nb' }, { rule: 'self.replicas\n> 1' }, { rule: 'self.replicas\n> 1', message: 'm' }, { rule: 'self.replicas > 1', reason: 'Nope' },
  { rule: 'self.replicas > 1', reason: 'FieldValueForbidden', fieldPath: '.replicas' }, { rule: 'self.replicas > 1', fieldPath: '.nope' }, { rule: 'self.replicas > 1', fieldPath: 'replicas' }, { rule: 'self.replicas > 1', fieldPath: '.inner.a' }, { rule: 'self.replicas > 1', fieldPath: ".labels['a']" }, { rule: 'self.replicas > 1', fieldPath: '.ports[0].port' },
  { rule: 'self.replicas > 1', messageExpression: '"is " + string(self.replicas)' }, { rule: 'self.replicas > 1', messageExpression: 'self.replicas' }, { rule: 'self.replicas > 1', messageExpression: 'self.nope' }, { rule: 'self.replicas > 1', messageExpression: ' ' }, { rule: 'self.replicas > 1', messageExpression: '"a" +' },
  'quantity("1Mi").isGreaterThan(quantity("1"))', 'self.name.matches("^a+$")', 'self.name.find("a") == ""', 'self.names.isSorted()', 'isIP(self.name) && ip(self.name).family() == 4', 'cidr("10.0.0.0/8").containsIP(self.name)', 'self.name.replace("a", "b") == "b"', 'self.name.split(",").size() == 2',
  'cel.bind(n, self.name, n.startsWith("a"))', 'self.?name.orValue("a") == "a"', 'self.names[?0].hasValue()', 'self.names.join(",") == "a"', '[1, 2].all(i, i > 0)', '{"a": 1}["a"] == 1', 'self.on ? self.replicas > 1 : self.min > 1', 'self.on ? self.replicas : self.name', '!self.on', '-self.replicas < 0', '!self.replicas', 'self.on && self.replicas',
  'type(self.any) == int', 'int(self.price) == 1', 'self.replicas + 1 == 2', 'self.replicas + "a" == "a"', 'self.replicas % 2 == 0', 'self.metadata.name == "a"', 'format.dns1123Label().validate(self.name).hasValue()', 'sets.contains(self.names, ["a"])', 'self == self', 'self.names == self.names', 'self.names + ["a"] == self.names', 'size(self.name) > 1 || true',
  'self.replicas > 1 // why', 'true', 'false', '"a"', '1', 'null', 'self.replicas == null', 'self in [self]', 'self.labels["a"].size() > 1', 'self.labels.a == "b"', 'self.labels.map(k, k).size() > 1', 'self.at.getFullYear() > 2000', 'self.timeout.getHours() > 1', 'string(self.replicas) == "1"', 'double(self.replicas) > 1.5', 'self.name.size() == 1', 'self.name.lowerAscii() == "a"', 'self.name.charAt(0) == "a"', 'self.name[0] == "a"',
  'self.name.replace("a", "b") + "x" == "y"', 'self.name.split(",")[0].startsWith("a")', 'self.names.map(n, n + "x").all(m, m.startsWith("a"))', 'string(self.replicas).size() > 1', 'string(self.replicas).startsWith("1")', 'self.name.substring(0, 1) == "a"', 'self.name.find("a").size() > 1', 'self.name.find("a") + "b" == "ab"',
  'self.names.filter(n, n != "a").all(n, n.startsWith("b"))', 'self.labels.map(k, k).all(k, k.startsWith("a"))', 'self.labels.all(k, k.startsWith("a") && k.contains("b"))', '"%s".format([self.name]) == "a"', 'self.name.lowerAscii().contains("a")', 'self.name + self.name == "aa"',
  'url(self.name).getHost() == "a"', 'isURL(self.name)', 'url(self.name).getHostname() + url(self.name).getPort() + url(self.name).getScheme() + url(self.name).getEscapedPath() == "a"', '"a" in url(self.name).getQuery()', 'semver("1.0.0").isGreaterThan(semver("0.1.0"))', 'isSemver(self.name) && semver(self.name).major() == 1', 'isSemver("v1", true)',
  'self.names.all(i, n, n == "a")', 'self.names.exists(i, n, i > 0 && n == "a")', 'self.names.existsOne(i, n, n == "a")', 'self.labels.all(k, v, k == v)', 'self.labels.transformMap(k, v, v + "a").size() == 1', 'self.names.transformList(i, n, n).size() > 1', 'self.labels.transformMapEntry(k, v, {v: k}).size() > 1', 'self.names.transformList(i, n, i > 0, n).size() > 1',
  'format.named("uri").hasValue()', 'self.name.split(",", 2).size() == 1', 'self.names.sum() == "a"', 'self.names.reverse().size() == 1', 'self.names.distinct().size() == 1', 'self.name.reverse() == "a"', 'self.names.sort() == self.names', 'self.package == 1', 'math.greatest(1, 2) == 2', 'self.name.trim() == "a"', 'strings.quote(self.name) == "a"',
  'optional.of(1).hasValue()', 'optional.none().hasValue()', 'self.?inner.?a.orValue(1) == 1', 'ip.isCanonical("1.1.1.1")', 'ip("1.1.1.1").isGlobalUnicast()', 'cidr("10.0.0.0/8").masked() == cidr("10.0.0.0/8")', 'self.names.indexOf("a") == 1', 'self.names.max() == "a"', 'timestamp("2026-01-01T00:00:00Z").getDayOfWeek("Europe/Rome") == 1', 'duration("1h").getMinutes() == 60', 'b"a".size() == 1', 'uint(1) == 1u', '1 == 1.0', '1 < 1.5', 'has(self.labels.a)', 'has(self.ports[0].name)', 'self.ports.all(p, has(p.name) && p.name != "")', 'self.ports.all(p, has(p.nope))',
];

/** Schemas of `spec` whose rules cost more, or less, than they may. */
const costs: readonly [what: string, spec: object][] = [
  ['text without bound in a list without bound', list({ ...text, ...rules('self.contains("abc")') })],
  ['a text without bound', { ...text, ...rules('self.contains("abc")') }],
  ['a regular expression on text without bound', { ...text, ...rules('self.matches("^[a-z]+(-[a-z]+)*$")') }],
  ['a pass over a list without bound', list(text, rules('self.all(x, x.startsWith("a"))'))],
  ['a pass in a pass over lists without bound', list(text, rules('self.all(x, self.all(y, x == y))'))],
  ['a pass in a pass over bound lists', list(short, { maxItems: 10, ...rules('self.all(x, self.all(y, x == y))') })],
  ['a pass in a pass over lists of a thousand', list(short, { maxItems: 1000, ...rules('self.all(x, self.exists_one(y, x == y))') })],
  ['three passes over lists of a thousand', list(short, { maxItems: 1000, ...rules('self.all(x, self.all(y, self.all(z, x == y || y == z)))') })],
  ['a rule on each of many', list(object({ a: integer }, rules('self.a > 1')))],
  ['a pass in each of many', list(object({ a: list(integer) , b: text }, rules('self.a.all(x, x > 1)')))],
  ['a pass in each of a few', list(object({ a: list(integer, { maxItems: 10 }) }, rules('self.a.all(x, x > 1)')), { maxItems: 10 })],
  ['a map without bound', { type: 'object', additionalProperties: text, ...rules('self.all(k, self[k].startsWith("a"))') }],
  ['a map in a map without bound', { type: 'object', additionalProperties: { type: 'object', additionalProperties: text, ...rules('self.all(k, self[k].startsWith("a"))') } }],
  ['membership in a list without bound, for each', list(text, rules('self.all(x, x in self)'))],
  ['a comparison of text without bound', object({ a: text, b: text }, rules('self.a == self.b'))],
  ['a comparison of lists of text without bound', object({ a: list(text), b: list(text) }, rules('self.a == self.b'))],
  ['an enumeration in a list without bound', list({ ...text, enum: ['a', 'b'], ...rules('self == "a"') })],
  ['old values below a list without keys', list(object({ a: integer }, rules('self.a == oldSelf.a')), { maxItems: 10 })],
  ['old values below a list with keys', list(object({ a: short }, { required: ['a'], ...rules('self.a == oldSelf.a') }), { maxItems: 10, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] })],
  ['old values below a set', list({ ...short, ...rules('self == oldSelf') }, { maxItems: 10, 'x-kubernetes-list-type': 'set' })],
  ['old values of an atomic list', list(short, { maxItems: 10, 'x-kubernetes-list-type': 'atomic', ...rules('self == oldSelf') })],
  ['a rule on unknown fields', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, ...rules('self.a == 1') }],
  ['a rule on an integer', { ...integer, ...rules('self > 1') }],
  ['a rule on an integer or text', { 'x-kubernetes-int-or-string': true, ...rules('self > 1') }],
];

const definition = (schema: object): object => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'rules.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'rules', singular: 'rule', kind: 'Rule', listKind: 'RuleList' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }] },
});

/** Definitions with one rule each. */
export function ruleCases(): Case[] {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const cases = [
    ...onFields.map((rule) => ({ what: JSON.stringify(rule), schema: object({ spec: object(fields, rules(rule)) }) })),
    ...costs.map(([what, spec]) => ({ what, schema: object({ spec }) })),
    { what: 'the name of the object', schema: object({ spec: object(fields) }, rules('self.metadata.name == "a" && self.spec.replicas > 1')) },
    { what: 'the labels of the object', schema: object({ spec: object(fields) }, rules('self.metadata.labels["a"] == "a"')) },
    { what: 'the kind of the object', schema: object({}, rules('self.kind == "Rule" && self.apiVersion == "example.com/v1"')) },
    { what: 'an embedded object', schema: object({ spec: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true, ...rules('self.kind == "A" && self.metadata.name == "a"') } }) },
    { what: 'many rules that cost a little', schema: object({ spec: object(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, list(short, { maxItems: 1000 + i, ...rules('self.all(x, self.exists(y, x == y))') })]))) }) },
  ];
  return cases.map(({ what, schema }) => ({ what: `rule: ${what}`, path, fieldValidation: 'Strict', body: definition(schema) }));
}
