import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../patch/json.ts';
import { decodeBody, isProtobufBody } from './decode.ts';
import { encodeObject, watchFrame } from './encode.ts';
import { ProtobufError } from './wire.ts';

const roundTrip = (object: JsonObject): JsonObject => decodeBody(encodeObject(object) ?? Buffer.alloc(0));

test.for<{ what: string; object: JsonObject }>([
  { what: 'inline messages, quantities, int-or-strings', object: {
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels: { x: '' }, creationTimestamp: '2026-01-02T03:04:05Z', managedFields: [{ manager: 'm', fieldsV1: { 'f:spec': {} } }] },
    spec: {
      volumes: [{ name: 'v', configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } }], automountServiceAccountToken: false,
      containers: [{ name: 'c', resources: { limits: { cpu: '100m' } }, readinessProbe: { httpGet: { port: 'http', path: '/' }, periodSeconds: 5 }, livenessProbe: { tcpSocket: { port: 80 } } }],
    },
  } },
  { what: 'bytes', object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 'AAEC', b: '' }, type: 'Opaque' } },
  { what: 'micro times', object: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: { renewTime: '2026-01-02T03:04:05.678900Z', leaseDurationSeconds: 0 } } },
  { what: 'a list', object: { apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'a' }, data: { k: 'v' } }] } },
  { what: 'a schema', object: {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'w' },
    spec: { group: 'g', scope: 'Namespaced', names: { plural: 'w', kind: 'W' }, versions: [{
      name: 'v1', served: true, storage: true,
      schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'array', items: { type: 'string' }, default: ['x'] }, b: { type: 'object', additionalProperties: true }, c: { additionalProperties: { type: 'integer', maximum: 1.5 } } } } },
    }] },
  } },
  { what: 'a Status', object: { apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', message: 'no', reason: 'NotFound', details: { name: 'x', kind: 'pods' }, code: 404 } },
  { what: 'options of any group', object: { apiVersion: 'apps/v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, propagationPolicy: 'Foreground', preconditions: { uid: 'u' } } },
])('$what survive the way out and back', ({ object }) => expect(roundTrip(object)).toMatchObject(object));

test('fields at zero that JSON would leave out are left out', () => {
  expect(roundTrip({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: '', generateName: 'g' }, spec: { replicas: 0, minReadySeconds: 0, paused: false } }))
    .toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { generateName: 'g' }, spec: { replicas: 0, strategy: {}, template: { metadata: {}, spec: {} } }, status: {} });
});

test('a custom resource has no protobuf form', () => expect(encodeObject({ apiVersion: 'example.org/v1', kind: 'Widget' })).toBeUndefined());

test('a watch event is framed by its length', () => {
  const frame = watchFrame('ADDED', [encodeObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }) ?? Buffer.alloc(0)]);
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
});

test('any bytes are decoded or refused, never a crash', () => {
  const valid = encodeObject({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'i' }] } }) ?? Buffer.alloc(0);
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }), (changes) => {
    const body = Buffer.from(valid);
    for (const [at, byte] of changes) body[at] = byte;
    try { expect(decodeBody(body)).toBeTypeOf('object'); } catch (e) { expect(e).toBeInstanceOf(ProtobufError); }
  }), { numRuns: 500 });
  expect(isProtobufBody(Buffer.from('{}'))).toBe(false);
});
