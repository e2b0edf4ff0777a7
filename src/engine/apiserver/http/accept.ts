/** One media type that a client takes. */
export interface MediaRange {
  /** Lower case, such as `application/json`; wildcards as they come. */
  readonly type: string;
  /** `as` of Kubernetes's transformations (`Table`, `PartialObjectMetadata`); absent: the object itself. */
  readonly as?: string;
  /** `v` of the transformation. */
  readonly version?: string;
}

const KEPT = 200;
const known = new Map<string, readonly MediaRange[]>();

/** What an Accept header asks for, the most wanted first (RFC 9110: by `q`, then the more specific); what it refuses with `q=0` is left out. Clients send the same few headers. */
export function mediaRanges(accept: string): readonly MediaRange[] {
  let ranges = known.get(accept);
  if (ranges === undefined) {
    ranges = parse(accept);
    if (known.size >= KEPT) known.clear();
    known.set(accept, ranges);
  }
  return ranges;
}

function parse(accept: string): MediaRange[] {
  const clauses = accept.split(',').flatMap((clause) => {
    const [type = '', ...rest] = clause.split(';').map((p) => p.trim());
    if (type === '') return [];
    const parameters = new Map(rest.map((p) => { const at = p.indexOf('='); return at < 0 ? [p, ''] : [p.slice(0, at), p.slice(at + 1)]; }));
    const [as, version, q] = [parameters.get('as'), parameters.get('v'), Number(parameters.get('q') ?? 1)];
    return q > 0 ? [{ q, range: { type: type.toLowerCase(), ...(as !== undefined && { as }), ...(version !== undefined && { version }) } }] : [];
  });
  return clauses.sort((a, b) => b.q - a.q || wildness(a.range.type) - wildness(b.range.type)).map(({ range }) => range);
}

const wildness = (type: string): number => (type.startsWith('*/') ? 2 : type.endsWith('/*') ? 1 : 0);
