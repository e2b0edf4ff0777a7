import { InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import type { Terminal } from '../terminal.ts';

export type OutputFormat = 'table' | 'json' | 'yaml';

export const outputOption = (): Option => new Option('-o, --output <format>', 'table, json or yaml').default('table').argParser(readFormat);

function readFormat(text: string): OutputFormat {
  if (text === 'table' || text === 'json' || text === 'yaml') return text;
  throw new InvalidArgumentError('Formats are table, json and yaml.');
}

/** Prints a value as JSON or YAML, or for people what `human` makes of it. */
export function print<T>({ out }: Pick<Terminal, 'out'>, format: OutputFormat, value: T, human: (value: T) => string): void {
  const text = format === 'json' ? JSON.stringify(value, null, 2) : format === 'yaml' ? stringify(value).trimEnd() : human(value);
  if (text !== '') out.write(`${text}\n`);
}

