import type { KubernetesObject } from '../../../client/resource.ts';
import type { ServedResource } from '../resources/served-resource.ts';
import { ageOf } from './age.ts';
import type { Cell } from './table.ts';

/** One row of cells, in the order of the kind's columns. */
export type RowFunction = (object: KubernetesObject, nowMs: number) => Cell[];

const rows = new Map<string, RowFunction>();

/** The row of a built-in kind; name and age, and `<none>` between, where it has none of its own. */
export function rowFunctionFor(resource: ServedResource): RowFunction {
  return rows.get(`${resource.group}/${resource.kind}`) ?? ((object, nowMs) => resource.columns.length === 0
    ? [object.metadata?.name ?? '', ageOf(object.metadata?.creationTimestamp, nowMs)]
    : resource.columns.map((column): Cell => {
      switch (column.name) {
        case 'Name': return object.metadata?.name ?? '';
        case 'Age': return ageOf(object.metadata?.creationTimestamp, nowMs);
        case 'Created At': return object.metadata?.creationTimestamp ?? null;
        default: return column.type === 'integer' ? 0 : '<none>';
      }
    }));
}
