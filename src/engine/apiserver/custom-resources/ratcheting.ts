import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';
import { equal } from '../patch/json.ts';
import type { FieldError } from '../validation/field-error.ts';

/** Whether an update is at fault for what its object has wrong: an error in a part that is as it was before does not stop it, so that a stricter schema
 *  leaves objects that were written under an older one usable. Items of a list without keys have no past of their own: the list counts as a whole.
 *  Source: KEP-4008 */
export function isChanged(error: FieldError, object: unknown, old: unknown, schema: JSONSchemaProps): boolean {
  const path = stepsOf(error.field);
  // What is missing is the fault of the object that should have it.
  if (error.type === 'Required') path.pop();
  let [now, before, node]: [unknown, unknown, JSONSchemaProps | undefined] = [object, old, schema];
  for (const step of path) {
    if (typeof step === 'number') {
      if (equal(now, before)) return false;
      const item: unknown = (now as unknown[] | undefined)?.[step];
      const keys: readonly string[] | undefined = node?.['x-kubernetes-list-map-keys'];
      if (keys === undefined || !Array.isArray(before)) return true;
      before = before.find((o: unknown) => keys.every((k) => (o as Record<string, unknown>)[k] === (item as Record<string, unknown>)[k]));
      now = item;
      node = node?.items as JSONSchemaProps | undefined;
    } else {
      now = (now as Record<string, unknown> | undefined)?.[step];
      before = (before as Record<string, unknown> | undefined)?.[step];
      const rest = node?.additionalProperties as JSONSchemaProps | boolean | undefined;
      node = (node?.properties as Record<string, JSONSchemaProps> | undefined)?.[step] ?? (typeof rest === 'object' ? rest : undefined);
    }
    if (before === undefined) return true;
  }
  return !equal(now, before);
}

function stepsOf(field: string): (string | number)[] {
  return [...field.matchAll(/\[(\d+)\]|\[([^\]]+)\]|([^.[\]]+)/g)].map(([, index, key, name]) => (index !== undefined ? Number(index) : (key ?? name ?? '')));
}
