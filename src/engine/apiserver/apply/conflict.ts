import { isObject } from '../patch/json.ts';
import { pathsOf } from './field-set.ts';
import type { FieldManager } from './managed-fields.ts';
import type { OwnerConflict } from './ownership.ts';

/** One field that somebody else owns. */
export interface ApplyConflict {
  readonly owner: Omit<FieldManager, 'fields'>;
  /** As `.spec.template.spec.containers[name="web"].image`. */
  readonly field: string;
}

export function conflictOf({ owner, fields }: OwnerConflict): ApplyConflict[] {
  const { fields: _, ...manager } = owner;
  return [...pathsOf(fields)].map((path) => ({ owner: manager, field: fieldPath(path) }));
}

/** A path of elements in the notation of Kubernetes's conflict messages. */
export function fieldPath(path: readonly string[]): string {
  return path.map((element) => {
    const text = element.slice(2);
    switch (element[0]) {
      case 'k': {
        const keys: unknown = JSON.parse(text);
        return `[${Object.entries(isObject(keys) ? keys : {}).map(([k, v]) => `${k}=${JSON.stringify(v)}`).join(',')}]`;
      }
      case 'v': return `[=${text}]`;
      default: return `.${text}`;
    }
  }).join('');
}

/** What a Status of reason Conflict (409) says of refused fields. */
export interface ConflictStatus {
  readonly message: string;
  readonly causes: readonly { readonly reason: 'FieldManagerConflict'; readonly message: string; readonly field: string }[];
}

export function conflictStatus(conflicts: readonly ApplyConflict[]): ConflictStatus {
  const sorted = [...conflicts].sort((a, b) => order(name(a.owner), name(b.owner)) || order(a.field, b.field));
  const causes = sorted.map(({ owner, field }) => ({ reason: 'FieldManagerConflict' as const, message: `conflict with ${name(owner)}`, field }));
  const list = causes.map((c) => `${c.message}: ${c.field}`).join('; ');
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
  return { message: `Apply failed with ${count}: ${list}. Leave these fields out, or take them over with force`, causes };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function name(m: Omit<FieldManager, 'fields'>): string {
  const by = `${JSON.stringify(m.manager)}${m.subresource ? ` with subresource ${JSON.stringify(m.subresource)}` : ''}`;
  return m.operation === 'Update' ? `${by} using ${m.apiVersion}${m.time ? ` at ${m.time}` : ''}` : by;
}
