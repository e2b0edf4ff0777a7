/** What the path of a request names. Absent parts are not in the path. */
export interface RequestPath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  /** What follows a `proxy` subresource, with its slash. */
  readonly rest?: string;
  /** The old form `/api/v1/watch/…`. */
  readonly watch: boolean;
}

/** Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`; undefined when the path names no resource. */
export function parseRequestPath(path: string): RequestPath | undefined {
  const parts = path.split('/');
  let at = parts[1] === 'api' ? 3 : parts[1] === 'apis' ? 4 : 0;
  if (at === 0 || parts.length <= at) return undefined;
  const group = at === 3 ? '' : (parts[2] as string);
  const version = parts[at - 1] as string;
  const watch = parts[at] === 'watch';
  if (watch) at++;
  const words = parts.slice(at).map(decoded);
  if (words.at(-1) === '' && !words.includes('proxy')) words.pop();
  if (words.length === 0 || words.includes(undefined)) return undefined;
  const [first, second, third, ...others] = words as string[];
  const inNamespace = first === 'namespaces' && third !== undefined && !(group === '' && (third === 'status' || third === 'finalize') && others.length === 0);
  const plural = inNamespace ? third : (first as string);
  const [name, subresource, ...rest] = inNamespace ? others : [second, third, ...others];
  if (rest.length > 0 && subresource !== 'proxy') return undefined;
  return {
    group, version, plural, watch,
    ...(inNamespace && { namespace: second as string }),
    ...(name !== undefined && name !== '' && { name }),
    ...(subresource !== undefined && { subresource }),
    ...(subresource === 'proxy' && { rest: rest.map((r) => `/${r}`).join('') }),
  };
}

function decoded(part: string): string | undefined {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
