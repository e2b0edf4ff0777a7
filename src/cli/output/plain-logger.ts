import type { Logger } from '../../runtime/logger.ts';

/** Warnings and errors as lines for a person; the rest is for the logs of long-running parts. */
export function plainLogger(out: Pick<NodeJS.WriteStream, 'write'>, context: object = {}): Logger {
  const line = (fields: object, message: string): void => {
    const all = Object.entries({ ...context, ...fields }).map(([name, value]) => `${name}=${String(value)}`).join(' ');
    out.write(`${message}${all === '' ? '' : ` (${all})`}\n`);
  };
  return { debug() {}, info() {}, warn: line, error: line, child: (fields) => plainLogger(out, { ...context, ...fields }) };
}
