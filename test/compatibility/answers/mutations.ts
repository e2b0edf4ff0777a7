import { pathsOf, REMOVED, valueAt, withValue } from './places.ts';

/** A manifest with one thing changed; `what` names the change and where: 'null spec.ports.0.port'. */
export interface Mutation { readonly what: string; readonly body: unknown }

const TOO_LONG = 'a'.repeat(300);
const TOO_MANY = 99_999_999;

/** The manifest as it is and, for each field of it, everything that a careless hand may make of the field. */
export function mutationsOf(manifest: unknown): Mutation[] {
  const mutations: Mutation[] = [{ what: 'as written', body: manifest }];
  for (const path of pathsOf(manifest)) {
    if (path[0] === 'apiVersion' || path[0] === 'kind') continue;
    const value = valueAt(manifest, path);
    const where = path.join('.');
    for (const [what, changed] of changesOf(value)) mutations.push({ what: `${what} ${where}`, body: withValue(manifest, path, changed) });
    const parent = valueAt(manifest, path.slice(0, -1));
    if (!Array.isArray(parent)) mutations.push({ what: `unknown field ${where}`, body: withValue(manifest, [...path.slice(0, -1), 'surprise'], 1) });
  }
  return mutations;
}

function changesOf(value: unknown): [string, unknown][] {
  const changes: [string, unknown][] = [['remove', REMOVED], ['null', null]];
  if (typeof value === 'number') changes.push(['empty', 0], ['negative', -1], ['wrong type', 'seven'], ['too long', TOO_MANY]);
  else {
    changes.push(['negative', '-1'], ['wrong type', typeof value === 'string' ? { x: 1 } : 'text']);
    if (typeof value === 'string') changes.push(['empty', ''], ['bad characters', 'Not Valid!/_'], ['too long', TOO_LONG]);
    else if (typeof value === 'boolean') changes.push(['empty', '']);
    else if (Array.isArray(value)) changes.push(['empty', []], ['duplicate', [...value, ...value.slice(0, 1)]]);
    else changes.push(['empty', {}]);
  }
  return changes;
}
