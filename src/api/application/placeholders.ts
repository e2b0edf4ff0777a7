const PLACEHOLDER = /\$\{(image|version|track|application|commit)\}/g;

export interface Placeholders {
  readonly image: string;
  readonly version: string;
  readonly track: string;
  readonly application: string;
  readonly commit: string;
}

/** A copy of `template` in which `${image}` and its like, in any string, are filled in. Other `${…}` stay as they are. */
export function fillPlaceholders<T>(template: T, values: Placeholders): T {
  return fill(template, values) as T;
}

function fill(node: unknown, values: Placeholders): unknown {
  if (typeof node === 'string') return node.replaceAll(PLACEHOLDER, (_, name: keyof Placeholders) => values[name]);
  if (Array.isArray(node)) return node.map((item) => fill(item, values));
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, fill(value, values)]));
}
