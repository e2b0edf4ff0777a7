import type { KubernetesObject } from '../../../client/resource.ts';
import type { CustomResource } from '../custom-resources/custom-resource.ts';
import { ageOf } from './age.ts';
import type { RowFunction } from './rows.ts';
import type { Cell } from './table.ts';

/** Name and the definition's own columns, or name and age where it has none. */
export function customRow(custom: CustomResource): RowFunction {
  const columns = custom.version.additionalPrinterColumns ?? [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }];
  return (object, nowMs) => [object.metadata?.name ?? '', ...columns.map((c) => cell(valueAt(object, c.jsonPath ?? ''), c.type ?? 'string', nowMs))];
}

function cell(value: unknown, type: string, nowMs: number): Cell {
  if (value === undefined || value === null) return null;
  if (type === 'date') return typeof value === 'string' ? ageOf(value, nowMs) : null;
  if (type === 'integer' || type === 'number') return typeof value === 'number' ? value : null;
  if (type === 'boolean') return typeof value === 'boolean' ? value : null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

const step = /\.([A-Za-z_][\w-]*)(?![\\\w-])|\.?\['([^']+)'\]|\[(\d+|\*)\]|\[\?\(@\.([\w.]+)\s*==\s*["']([^"']*)["']\)\]|\.((?:\\.|[^.[\]])+)/g;

/** The first value at a JSONPath of the form that printer columns allow: fields, `['x']`, indexes, `[*]`, and `[?(@.a=="b")]`. */
export function valueAt(object: KubernetesObject, path: string): unknown {
  let values: unknown[] = [object];
  for (const [, field, quoted, index, filterPath, filterValue, escaped] of path.matchAll(step)) {
    const key = field ?? quoted ?? escaped?.replace(/\\(.)/g, '$1');
    values = values.flatMap((v): unknown[] => {
      if (v === null || typeof v !== 'object') return [];
      if (key !== undefined) return Object.hasOwn(v, key) ? [(v as Record<string, unknown>)[key]] : [];
      const items = Array.isArray(v) ? (v as unknown[]) : Object.values(v);
      if (index === '*') return items;
      if (index !== undefined) return Number(index) < items.length ? [items[Number(index)]] : [];
      return items.filter((i) => String(filterPath?.split('.').reduce<unknown>((o, k) => (o as Record<string, unknown> | undefined)?.[k], i)) === filterValue);
    });
  }
  return values[0];
}
