import { definitions, definitionNode } from '../../../src/engine/apiserver/schema/definitions.ts';
import type { SchemaNode } from '../../../src/engine/apiserver/schema/schema-node.ts';
import { FuzzRandom } from '../fuzz-random.ts';
import { mutationsOf, type Mutation } from './mutations.ts';
import { pathsOf, valueAt, withValue, type Path } from './places.ts';

const PAIRS = 40;
const QUANTITIES = ['1e3', '0.5', '1.5Gi', '100m', '-1', '1K', ' 1', '+1', '0.0000000001', '1Ei', '9223372036854775808', '.5', '5.', '0', '1n', '1E', '1e-3', 5, 0.1];
const TEXTS = ['a'.repeat(63), 'a'.repeat(64), 'a'.repeat(253), 'a'.repeat(254), 'a.b', 'a_b', 'a-', '-a', '1a', 'ü', 'a/b', 'A', '80', '*', '127.0.0.1', '::1', '10.0.0.0/8', 'a\nb', '$(A)', '..', '/a/../b', 'https://example.com', '5s', '50%'];
const OTHER_TYPES = [7, true, 1.5, ['a']];
const NUMBERS = [1, 65535, 65536, 2_147_483_647, 2_147_483_648, -2_147_483_649, 1.5, 100, 101, '80', '50%', true];
const KEYS = ['Bad Key!', 'a/b/c', '/x', 'x/', 'UPPER.example/x', 'a'.repeat(64), `example.com/${'a'.repeat(63)}`, `${'a'.repeat(254)}/x`, 'kubernetes.io/x', 'a_b.c-d', ''];
const MAPS = new Set(['labels', 'annotations', 'matchLabels', 'nodeSelector', 'data', 'stringData', 'limits', 'requests', 'hard', 'capacity', 'allocatable', 'selector', 'parameters', 'default', 'min', 'max']);
const RESOURCES = ['cpu', 'memory', 'example.com/gpu', 'hugepages-2Mi', 'ephemeral-storage', 'storage', 'nothing', 'requests.cpu', 'pods'];

const metadata = (fields: object): ((manifest: object) => object) => (manifest) => ({ ...manifest, metadata: { ...(manifest as { metadata?: object }).metadata, ...fields } });

/** What a request says of itself, beside the kind's own fields. */
const ENVELOPES: readonly [string, (manifest: object) => unknown][] = [
  ['other version', (m) => ({ ...m, apiVersion: 'v9' })], ['other group', (m) => ({ ...m, apiVersion: 'example.com/v1' })], ['broken version', (m) => ({ ...m, apiVersion: 'a/b/c' })], ['empty version', (m) => ({ ...m, apiVersion: '' })],
  ['other kind', (m) => ({ ...m, kind: 'Nope' })], ['lower kind', (m) => ({ ...m, kind: (m as { kind: string }).kind.toLowerCase() })], ['empty kind', (m) => ({ ...m, kind: '' })], ['list kind', (m) => ({ ...m, kind: 'List', items: [] })],
  ['without version', ({ apiVersion: _, ...m }: Record<string, unknown>) => m] as [string, (m: object) => unknown], ['without kind', ({ kind: _, ...m }: Record<string, unknown>) => m] as [string, (m: object) => unknown],
  ['number as version', (m) => ({ ...m, apiVersion: 1 })], ['array', (m) => [m]], ['null', () => null], ['text', () => 'text'], ['empty object', () => ({})],
  ['other namespace', metadata({ namespace: 'other' })], ['own namespace', metadata({ namespace: 'default' })], ['bad namespace', metadata({ namespace: 'Bad_' })],
  ['generated name', metadata({ name: undefined, generateName: 'case-' })], ['name and generated name', metadata({ generateName: 'other-' })], ['long generated name', metadata({ name: undefined, generateName: 'a'.repeat(300) })], ['bad generated name', metadata({ name: undefined, generateName: 'Bad_' })], ['empty generated name', metadata({ name: undefined, generateName: '' })],
  ['resource version', metadata({ resourceVersion: '5' })], ['resource version 0', metadata({ resourceVersion: '0' })], ['bad resource version', metadata({ resourceVersion: 'x' })], ['uid', metadata({ uid: 'abc' })], ['generation', metadata({ generation: 5 })], ['negative generation', metadata({ generation: -1 })],
  ['self link', metadata({ selfLink: '/x' })], ['deletion', metadata({ deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 })], ['bad time', metadata({ creationTimestamp: 'yesterday' })],
  ['short finalizer', metadata({ finalizers: ['x'] })], ['finalizer', metadata({ finalizers: ['example.com/x'] })], ['doubled finalizer', metadata({ finalizers: ['example.com/x', 'example.com/x'] })], ['bad finalizer', metadata({ finalizers: ['Bad Finalizer', ''] })], ['known finalizers', metadata({ finalizers: ['orphan', 'foregroundDeletion'] })],
  ['empty owner', metadata({ ownerReferences: [{}] })], ['owner', metadata({ ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'b' }] })], ['two controllers', metadata({ ownerReferences: ['a', 'b'].map((uid) => ({ apiVersion: 'v1', kind: 'Pod', name: uid, uid, controller: true })) })], ['doubled owner', metadata({ ownerReferences: ['a', 'a'].map((uid) => ({ apiVersion: 'v1', kind: 'Pod', name: uid, uid })) })], ['event owner', metadata({ ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'a', uid: 'b' }] })], ['owner without version', metadata({ ownerReferences: [{ apiVersion: 'a/b/c', kind: 'x', name: '', uid: '' }] })],
  ['managed fields', metadata({ managedFields: [{ manager: 'm', operation: 'Nope', apiVersion: 'v1', time: null }] })], ['managed by apply', metadata({ managedFields: [{ manager: 'm', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:x': {} } }] })], ['broken managed fields', metadata({ managedFields: [{ manager: 'a'.repeat(200), operation: 'Update', apiVersion: 'v1', fieldsType: 'X' }] })],
  ['large annotation', metadata({ annotations: { a: 'x'.repeat(262_145) } })], ['unknown metadata', metadata({ surprise: { deep: [1] } })], ['status', (m) => ({ ...m, status: {} })], ['status of text', (m) => ({ ...m, status: 'x' })], ['metadata of text', (m) => ({ ...m, metadata: 'x' })], ['metadata of a list', (m) => ({ ...m, metadata: [] })],
];

/** More of what clients get wrong: names and numbers at their limits, other letter case, fields that the manifest leaves out, what a request says of itself, and two faults at once. */
export function widerMutationsOf(manifest: Manifest, seed: number): Mutation[] {
  const mutations = singleMutationsOf(manifest);
  return [...mutations, ...pairs(manifest, [...mutationsOf(manifest), ...mutations], new FuzzRandom(seed))];
}

interface Manifest { readonly apiVersion: string; readonly kind: string }

/** Without those of two faults at once, which hang on how many of the others there are. */
export function singleMutationsOf(manifest: Manifest): Mutation[] {
  const mutations: Mutation[] = ENVELOPES.map(([what, change]) => ({ what, body: change(manifest) }));
  const schema = nodeOf(manifest.apiVersion, manifest.kind);
  for (const path of pathsOf(manifest)) {
    if (path[0] === 'apiVersion' || path[0] === 'kind') continue;
    const where = path.join('.');
    for (const [what, value] of changesOf(valueAt(manifest, path), path)) mutations.push({ what: `${what} ${where}`, body: withValue(manifest, path, value) });
  }
  for (const path of [[], ...pathsOf(manifest)]) mutations.push(...missingFields(manifest, path, schema));
  return mutations;
}

function changesOf(value: unknown, path: Path): [string, unknown][] {
  const changes: [string, unknown][] = [];
  const name = path.at(-1), holder = path.at(-2);
  if (typeof value === 'string') {
    for (const other of [value.toLowerCase(), value.toUpperCase(), `${value} `, ` ${value}`, `${value}${value}`, `${value}.`]) if (other !== value) changes.push([`as ${JSON.stringify(other)}`, other]);
    for (const other of [...TEXTS, ...OTHER_TYPES]) changes.push([`as ${shown(other)}`, other]);
    if (/^[+-]?[\d.]+(?:[eE]\d+|[numkMGTPE]i?)?$/.test(value) || MAPS.has(String(holder))) for (const other of QUANTITIES) changes.push([`as ${shown(other)}`, other]);
  } else if (typeof value === 'number') for (const other of NUMBERS) changes.push([`as ${shown(other)}`, other]);
  else if (typeof value === 'boolean') for (const other of [!value, 'true', 1]) changes.push([`as ${shown(other)}`, other]);
  else if (Array.isArray(value)) {
    const [first] = value as unknown[];
    const nearly = typeof first === 'object' && first !== null ? Object.entries(first).map(([key]) => [`nearly doubled but ${key}`, [...(value as unknown[]), { ...first, [key]: 'other' }]] as [string, unknown]) : [];
    changes.push(['reversed', value.toReversed()], ['with null', [...(value as unknown[]), null]], ['with {}', [...(value as unknown[]), {}]], ['with text', [...(value as unknown[]), 'other']], ['many', Array.from({ length: 300 }, (_, i) => (typeof first === 'string' ? `${first}${i}` : first))], ...nearly);
  } else if (typeof value === 'object' && value !== null && MAPS.has(String(name))) {
    for (const key of KEYS) changes.push([`with key ${shown(key)}`, { ...value, [key]: 'a' }]);
    for (const text of ['a'.repeat(64), 'a b', '-a', '']) changes.push([`with value ${shown(text)}`, { ...value, k: text }]);
    for (const resource of RESOURCES) for (const amount of ['1', '1500m', '-1']) changes.push([`with ${resource} ${amount}`, { ...value, [resource]: amount }]);
  }
  return changes;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 40 ? text : `${text.slice(0, 12)}… of ${text.length}`;
}

function nodeOf(apiVersion: string, kind: string): SchemaNode | undefined {
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const name = Object.entries(definitions).find(([, d]) => d['x-kubernetes-group-version-kind']?.some((k) => k.group === group && k.version === version && k.kind === kind))?.[0];
  return name === undefined ? undefined : definitionNode(name);
}

/** Each field that the schema knows and the manifest leaves out there, with simple values. */
function missingFields(manifest: object, path: Path, root: SchemaNode | undefined): Mutation[] {
  const value = valueAt(manifest, path);
  const node = path.reduce<SchemaNode | undefined>((at, key) => (typeof key === 'number' ? at?.items : (at?.properties?.get(key) ?? at?.additionalProperties)), root);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return [...(node?.properties ?? [])].filter(([key]) => !(key in value) && path[0] !== 'status' && key !== 'status').flatMap(([key, field]) => samplesOf(field).map((sample) => ({
    what: `add ${[...path, key].join('.')} ${shown(sample)}`, body: withValue(manifest, [...path, key], sample),
  })));
}

function samplesOf(node: SchemaNode, depth = 0): unknown[] {
  if (node.format === 'int-or-string' || node.intOrString) return [1, '50%', 'x'];
  switch (node.type) {
    case 'string': return node.enum === undefined ? ['x', ''] : ['x', node.enum[0]];
    case 'integer': case 'number': return [1, 0, -1];
    case 'boolean': return [true, false];
    case 'array': return [[], ...(node.items === undefined ? [] : samplesOf(node.items, depth + 1).slice(0, 1).map((item) => [item]))];
    case 'object': return [{}, ...(depth < 3 && node.properties !== undefined ? filled(node, depth) : []), ...(node.additionalProperties === undefined ? [] : [{ k: samplesOf(node.additionalProperties, depth + 1)[0] }])];
    default: return ['x', {}];
  }
}

/** All fields of an object with their first sample; at the top, each alone too. */
function filled(node: SchemaNode, depth: number): unknown[] {
  const fields = [...(node.properties ?? [])].map(([key, field]) => [key, samplesOf(field, depth + 1)[0]] as const);
  return [...(depth === 0 ? fields.map(([key, sample]) => ({ [key]: sample })) : []), Object.fromEntries(fields)];
}

/** Two changes of different fields in one request. */
function pairs(manifest: object, mutations: readonly Mutation[], random: FuzzRandom): Mutation[] {
  const made: Mutation[] = [];
  const own = mutations.filter(({ body }) => typeof body === 'object' && body !== null && !Array.isArray(body));
  for (let i = 0; i < PAIRS; i++) {
    const [one, two] = [random.of(own), random.of(own)];
    made.push({ what: `${one.what}, ${two.what}`, body: merged(manifest, one.body, two.body) });
  }
  return made;
}

/** `two` where it differs from the manifest, `one` elsewhere. */
function merged(base: unknown, one: unknown, two: unknown): unknown {
  if (JSON.stringify(two) === JSON.stringify(base)) return one;
  if (!isPlain(base) || !isPlain(one) || !isPlain(two)) return two;
  const keys = new Set([...Object.keys(one), ...Object.keys(two)]);
  return Object.fromEntries([...keys].flatMap((key) => {
    if (!(key in two)) return key in base ? [] : [[key, one[key]]];
    if (!(key in one)) return key in base && JSON.stringify(two[key]) === JSON.stringify(base[key]) ? [] : [[key, two[key]]];
    return [[key, merged(base[key], one[key], two[key])]];
  }));
}

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
