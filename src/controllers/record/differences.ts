/**
 * Where a live object differs from what the record says, as dotted paths. Only fields that `wanted` names count: defaults and
 * other managers' fields are nobody's drift. Lists of named items (containers, ports, env) are matched by name, others by place.
 */
export function differences(wanted: unknown, live: unknown, path = ''): string[] {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live) || live.length !== wanted.length) return [path];
    return wanted.flatMap((item, index) => {
      const name = nameOf(item);
      const match: unknown = name === undefined ? live[index] : live.find((other) => nameOf(other) === name);
      return differences(item, match, `${path}[${name ?? index}]`);
    });
  }
  if (wanted !== null && typeof wanted === 'object') {
    if (live === null || typeof live !== 'object') return Object.keys(wanted).length === 0 ? [] : [path];
    return Object.entries(wanted).flatMap(([key, value]) => (value === undefined ? [] : differences(value, (live as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`)));
  }
  return wanted === live || sameQuantity(wanted, live) ? [] : [path];
}

function nameOf(item: unknown): string | undefined {
  if (item === null || typeof item !== 'object') return undefined;
  const { name } = item as { name?: unknown };
  return typeof name === 'string' ? name : undefined;
}

/** The API may write a quantity in its canonical form: `0.5` becomes `500m`. */
function sameQuantity(a: unknown, b: unknown): boolean {
  const left = quantity(a);
  return left !== undefined && left === quantity(b);
}

const SUFFIX: Readonly<Record<string, number>> = { n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

function quantity(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const match = typeof value === 'string' ? /^([+-]?\d+(?:\.\d+)?)(n|u|m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(value) : null;
  return match ? Number(match[1]) * (SUFFIX[match[2] ?? ''] ?? 1) : undefined;
}
