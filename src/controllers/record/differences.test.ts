import { expect, test } from 'vitest';
import { differences } from './differences.ts';

test.for([
  { when: 'only the API added fields', wanted: { spec: { replicas: 2 } }, live: { spec: { replicas: 2, strategy: {} }, status: {} }, paths: [] },
  { when: 'a value was edited', wanted: { spec: { replicas: 2 } }, live: { spec: { replicas: 3 } }, paths: ['spec.replicas'] },
  { when: 'a field was removed', wanted: { metadata: { labels: { app: 'shop' } } }, live: { metadata: {} }, paths: ['metadata.labels'] },
  { when: 'a named item has moved', wanted: { c: [{ name: 'a', v: 1 }, { name: 'b', v: 2 }] }, live: { c: [{ name: 'b', v: 2 }, { name: 'a', v: 1 }] }, paths: [] },
  { when: 'a named item was edited', wanted: { c: [{ name: 'a', v: 1 }] }, live: { c: [{ name: 'a', v: 2 }] }, paths: ['c[a].v'] },
  { when: 'an item was added', wanted: { c: [{ name: 'a' }] }, live: { c: [{ name: 'a' }, { name: 'b' }] }, paths: ['c'] },
  { when: 'a quantity was written in its canonical form', wanted: { cpu: '0.5', memory: '1024Mi' }, live: { cpu: '500m', memory: '1Gi' }, paths: [] },
  { when: 'nothing is wanted of an absent field', wanted: { labels: {} }, live: {}, paths: [] },
])('$when', ({ wanted, live, paths }) => expect(differences(wanted, live)).toEqual(paths));
