import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isObject, type JsonObject } from '../patch/json.ts';
import { schemaFor } from '../schema/schema.ts';
import { applyConfiguration } from './apply-configuration.ts';
import { decodeManagedFields, managedFieldsOf } from './managed-fields.ts';
import { ownedFields } from './owned-fields.ts';
import { difference, fieldSet, isEmpty } from './field-set.ts';
import { trackUpdate } from './track-update.ts';

const schema = schemaFor('apps', 'v1', 'Deployment');
const now = '2026-01-01T00:00:00Z';

const value = fc.constantFrom('1', '2', '3');
const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { minKeys: 1, maxKeys: 3 });
const container = fc.record({ name: fc.constantFrom('x', 'y', 'z'), image: value, args: fc.array(value, { minLength: 1, maxLength: 2 }) }, { requiredKeys: ['name'] });
const configuration = fc.record({
  labels, replicas: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  containers: fc.uniqueArray(container, { selector: (c) => c.name, minLength: 1, maxLength: 3 }),
}).map(({ labels: own, replicas, containers }): JsonObject => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', labels: own },
  spec: { ...(replicas === undefined ? {} : { replicas }), template: { spec: { containers } } },
}));
const step = fc.record({ manager: fc.constantFrom('p', 'q', 'r'), applied: configuration, update: fc.boolean() });

const frozen = <T>(v: T): T => {
  if (typeof v === 'object' && v !== null) { Object.freeze(v); Object.values(v).forEach(frozen); }
  return v;
};

function force(live: JsonObject | undefined, manager: string, applied: JsonObject): JsonObject {
  const result = applyConfiguration({ live, applied: frozen(applied), manager, apiVersion: 'apps/v1', force: true, schema, now });
  if ('conflicts' in result) throw new Error('A forced apply has no conflicts');
  return result.object;
}

test('after any history: owned fields exist, the applier has what it applied, and applying again changes nothing', () => {
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
    let live: JsonObject | undefined;
    for (const { manager, applied, update } of steps) {
      if (update && live) {
        const after = { ...live, spec: applied.spec };
        live = frozen(trackUpdate({ before: live, after, manager, apiVersion: 'apps/v1', schema, now }));
      } else {
        live = frozen(force(live, manager, applied));
        expect(live.spec).toMatchObject(containersFree(applied));
        expect(force(live, manager, applied)).toBe(live);
      }
      const present = ownedFields(live, schema);
      for (const owner of decodeManagedFields(managedFieldsOf(live)).values()) {
        expect(isEmpty(difference(leaves(owner.fields), leaves(present)))).toBe(true);
      }
    }
  }), { numRuns: 300 });
});

/** Replicas alone: lists are merged, so that order and others' items may differ. */
function containersFree(applied: JsonObject): JsonObject {
  const spec = isObject(applied.spec) ? applied.spec : {};
  return spec.replicas === undefined ? {} : { replicas: spec.replicas };
}

/** Without whole structs and items, which stand for themselves. */
function leaves(set: ReturnType<typeof ownedFields>): ReturnType<typeof ownedFields> {
  if (set.children.size === 0) return set;
  const children = new Map([...set.children].map(([element, child]) => [element, leaves(child)] as const).filter(([element, child]) => !isEmpty(child) && !emptyCollection(element)));
  return fieldSet(false, children);
}

const emptyCollection = (element: string): boolean => element === 'f:labels' || element === 'f:containers';
