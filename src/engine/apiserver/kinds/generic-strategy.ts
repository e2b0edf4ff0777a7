import { equal } from '../patch/json.ts';
import type { KindObject, Strategy } from './strategy.ts';

/** For a kind without rules of its own: status is the server's, and a change of anything else but metadata and status bumps the generation. */
export const genericStrategy: Strategy = {
  default() {},
  prepareForCreate(object) {
    delete object['status'];
    object.metadata.generation = 1;
  },
  prepareForUpdate(object, old) {
    if (old['status'] === undefined) delete object['status'];
    else object['status'] = old['status'];
    bumpGeneration(object, old);
  },
  prepareForStatusUpdate(object, old) {
    for (const field of Object.keys(object)) if (field !== 'status' && field !== 'metadata') delete object[field];
    for (const field of Object.keys(old)) if (field !== 'status' && field !== 'metadata') object[field] = old[field];
    const { resourceVersion, managedFields } = object.metadata;
    const { managedFields: _before, ...kept } = old.metadata;
    object.metadata = { ...kept, resourceVersion, ...(managedFields && { managedFields }) };
  },
  validate: () => [],
  validateUpdate: () => [],
  validateStatusUpdate: () => [],
  earlyWarnings: () => [],
  warnings: () => [],
};

/** Sets the generation from `old`, one more when any field but metadata and status differs (or, with `annotationsCount`, an annotation). */
export function bumpGeneration(object: KindObject, old: KindObject, annotationsCount = false): void {
  const generation = old.metadata.generation;
  if (generation === undefined) return;
  object.metadata.generation = sameWantedState(object, old) && !(annotationsCount && !equal(object.metadata.annotations ?? {}, old.metadata.annotations ?? {})) ? generation : generation + 1;
}

function sameWantedState(a: KindObject, b: KindObject): boolean {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const field of fields) {
    if (field === 'metadata' || field === 'status' || field === 'apiVersion' || field === 'kind') continue;
    if (!equal(a[field], b[field])) return false;
  }
  return true;
}
