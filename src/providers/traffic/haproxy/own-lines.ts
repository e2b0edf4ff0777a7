import type { RouterTemplate } from '../../../api/application/application.ts';

/** Places of haproxy.cfg where people's own lines stand. */
export const PLACES = ['global', 'defaults', 'frontend', 'backend'] as const;
export type Place = (typeof PLACES)[number];
export type OwnLines = NonNullable<RouterTemplate['haproxy']>;

const opening = (place: Place): string => `  # spec.router.haproxy.${place}: lines of your own`;
const closing = (place: Place): string => `  # end of spec.router.haproxy.${place}`;

/** A place with its marks and lines. */
export function marked(place: Place, text: string | undefined): string {
  return [opening(place), ...linesOf(text).map((l) => `  ${l}`), closing(place)].join('\n');
}

function linesOf(text: string | undefined): string[] {
  return (text ?? '').split('\n').map((l) => l.trim()).filter((l) => l !== '');
}

/** The lines that a whole config holds at its marked places. */
export function ownLinesIn(config: string): OwnLines {
  const lines = config.split('\n');
  const own: OwnLines = {};
  for (const place of PLACES) {
    const from = lines.indexOf(opening(place));
    const to = lines.indexOf(closing(place), from);
    if (from >= 0 && to > from + 1) own[place] = lines.slice(from + 1, to).map((l) => l.trim()).join('\n');
  }
  return own;
}

const SECTIONS = /^(global|defaults|frontend|backend|listen|peers|resolvers|userlist|cache|mailers|program|ring|log-forward|fcgi-app|http-errors|crt-store|traces)\b/;
const DIRECTIVES = /^\.(if|elif|else|endif)\b/;

/** What HAProxy would accept, and what would take the config out of Aweigh's hands all the same. Undefined: nothing is. */
export function ownLinesFault(own: OwnLines): string | undefined {
  for (const place of PLACES) {
    for (const [i, line] of linesOf(own[place]).entries()) {
      const why = lineFault(place, line);
      if (why !== undefined) return faultAt(place, i, line, why);
    }
  }
  return undefined;
}

function lineFault(place: Place, line: string): string | undefined {
  if (SECTIONS.test(line)) return 'a line of your own cannot begin another section';
  if (DIRECTIVES.test(line)) return 'conditional blocks would end outside of the marked place';
  if (line.endsWith('\\')) return 'a line cannot go on beyond the marked place';
  if (/^mode\b/.test(line)) return "routing by header needs 'mode http'";
  if (place === 'backend' && /^(no\s+)?(server|server-template|use-server)\b/.test(line)) return 'servers come from the endpoints of each version';
  return undefined;
}

/** HAProxy's own word for the first fault of a config, at the person's line where it is one of his. @param lineNumber from 1; undefined: of no line */
export function placedFault(config: string, lineNumber: number | undefined, message: string): string {
  const lines = config.split('\n');
  for (let at = (lineNumber ?? 0) - 1, back = 0; at - back >= 0; back++) {
    const place = PLACES.find((p) => lines[at - back] === opening(p));
    if (place !== undefined) return faultAt(place, back - 1, lines[at]?.trim() ?? '', message);
    if (PLACES.some((p) => lines[at - back] === closing(p))) break;
  }
  return `haproxy.cfg${lineNumber === undefined ? '' : ` line ${lineNumber} '${lines[lineNumber - 1]?.trim()}'`}: ${message}`;
}

const faultAt = (place: Place, index: number, line: string, why: string): string => `spec.router.haproxy.${place}, line ${index + 1} '${line}': ${why}`;
