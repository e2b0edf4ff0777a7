import { isDeepStrictEqual } from 'node:util';
import type { FieldValidation } from '../../../src/engine/apiserver/decode/decode.ts';
import { ask, type Send } from './cases.ts';

/** A create that was asked as a dry run, and what a real API server answered. */
export interface Recorded {
  readonly what: string;
  readonly path: string;
  readonly fieldValidation: FieldValidation;
  readonly body: unknown;
  readonly answer: unknown;
}

export interface Difference {
  readonly name: string;
  readonly want: string;
  readonly got: string;
}

const CONNECTIONS = 8;

/** What differs between the recorded answers and those of the server behind `send`; a case is named by its kind, mutation and number. */
export async function replay(lines: readonly Recorded[], send: Send, mask: (o: unknown) => unknown): Promise<Difference[]> {
  const differences: Difference[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (let i = next++; i < lines.length; i = next++) {
      const line = lines[i] as Recorded;
      const got = JSON.parse(JSON.stringify(await ask(line, send, mask))) as unknown;
      if (!isDeepStrictEqual(got, line.answer)) differences.push({ name: `${line.path.split('/').at(-1)}: ${line.what} (${i + 1})`, want: JSON.stringify(line.answer), got: JSON.stringify(got) });
    }
  }));
  return differences;
}
