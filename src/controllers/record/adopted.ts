import { stringify } from 'yaml';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import { readYaml } from './files.ts';
import { valueAt, withValue, type FieldPath } from './differences.ts';

export const ADOPTED_FILE = 'adopted.yaml';

/** One field that somebody set in the cluster and that the record holds to since. */
export interface Adopted {
  /** `Kind/name`. */
  readonly object: string;
  readonly path: FieldPath;
  /** Absent: the field was removed. */
  readonly value?: unknown;
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
}

/** What a template leaves to taste. Sizes, selectors, labels and images are the Delivery's: adopted, they would belie what a release says. */
export function isAdoptable(kind: string | undefined, path: FieldPath): boolean {
  if (kind !== 'Deployment') return false;
  const [root, template, part, , , field] = path;
  if (root !== 'spec' || template !== 'template') return path.join('.').startsWith('spec.strategy');
  return (part === 'spec' && !(path[3] === 'containers' && (path.length < 6 || field === 'image'))) || (part === 'metadata' && path[3] === 'annotations');
}

/** Undefined text, or text that a person broke: nothing is adopted. */
export function readAdopted(content: string | undefined): Adopted[] {
  const { fields } = (readYaml(content) ?? {}) as { fields?: unknown };
  if (!Array.isArray(fields)) return [];
  return fields.filter((f): f is Adopted => typeof (f as Adopted | null)?.object === 'string' && Array.isArray((f as Adopted).path) && (f as Adopted).path.every((part) => typeof part === 'string'));
}

export function writeAdopted(fields: readonly Adopted[]): string {
  return stringify({ fields: fields.toSorted((a, b) => `${a.object}/${a.path.join('.')}`.localeCompare(`${b.object}/${b.path.join('.')}`)) }, { sortMapEntries: true, lineWidth: 0 });
}

/** Specs with what was adopted, and the fields that still mean one of them: what was adopted of an object goes with it. */
export function overlay(specs: readonly KubernetesObject[], fields: readonly Adopted[]): { readonly specs: KubernetesObject[]; readonly fields: Adopted[] } {
  if (fields.length === 0) return { specs: [...specs], fields: [] };
  const ids = new Set(specs.map(idOf));
  const held = fields.filter((f) => ids.has(f.object) && isAdoptable(f.object.split('/')[0], f.path));
  const changed = specs.map((spec) => held.filter((f) => f.object === idOf(spec)).reduce((object, { path, value }) => withValue(object, path, value), spec));
  return { specs: changed, fields: held };
}

/** The fields as they are with more of them taken from a live object. */
export function adopt(fields: readonly Adopted[], object: string, live: KubernetesObject, paths: readonly FieldPath[], by: string, at: string): Adopted[] {
  const taken = paths.map((path): Adopted => { const value = valueAt(live, path); return { object, path, ...(value !== undefined && { value }), by, at }; });
  const same = (a: Adopted, b: Adopted): boolean => a.object === b.object && a.path.join('\0') === b.path.join('\0');
  return [...fields.filter((f) => !taken.some((t) => same(f, t))), ...taken];
}

const idOf = (object: KubernetesObject): string => `${object.kind}/${object.metadata?.name}`;
