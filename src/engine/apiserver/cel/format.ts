import type { Environment } from '@marcbachmann/cel-js';

class TextFunctions {
  readonly name = 'strings';
}

/** `'%s has %d'.format([name, count])`, and `strings.quote(text)`. */
export function addFormat(environment: Environment): Environment {
  return environment
    .registerFunction('string.format(list): string', format)
    .registerType('kubernetes.Strings', TextFunctions)
    .registerConstant('strings', 'kubernetes.Strings', new TextFunctions())
    .registerFunction('kubernetes.Strings.quote(string): string', (_: TextFunctions, text: string) => JSON.stringify(text));
}

/** The verbs s, d, f, e, b, o, x, X, with a precision for f and e; %% is a per cent sign.
 *  @throws {Error} for other verbs, too few values and values that a verb cannot show */
function format(pattern: string, values: readonly unknown[]): string {
  let next = 0;
  return pattern.replaceAll(/%(?:\.(\d+))?(.?)/gs, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (next >= values.length) throw new Error(`format has ${values.length} values, and %${verb} asks for more`);
    return shown(verb, values[next++], precision === undefined ? 6 : Number(precision));
  });
}

function shown(verb: string, value: unknown, precision: number): string {
  const isNumber = typeof value === 'bigint' || typeof value === 'number';
  switch (verb) {
    case 's': return text(value);
    case 'd': if (typeof value === 'bigint') return String(value); break;
    case 'f': if (isNumber) return Number(value).toFixed(precision); break;
    case 'e': if (isNumber) return Number(value).toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2'); break;
    case 'b': if (typeof value === 'bigint') return value.toString(2); if (typeof value === 'boolean') return value ? '1' : '0'; break;
    case 'o': if (typeof value === 'bigint') return value.toString(8); break;
    case 'x': case 'X': {
      const hex = typeof value === 'bigint' ? value.toString(16) : typeof value === 'string' ? Buffer.from(value).toString('hex') : undefined;
      if (hex !== undefined) return verb === 'x' ? hex : hex.toUpperCase();
    }
  }
  throw new Error(`format cannot show ${text(value)} as %${verb}`);
}

function text(value: unknown): string {
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`;
  if (typeof value === 'object' && value !== null && (value.constructor === Object || value.constructor === undefined)) return `{${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}: ${text(v)}`).join(', ')}}`;
  return String(value);
}
