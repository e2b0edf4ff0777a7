import type { Environment } from '@marcbachmann/cel-js';
import { regularExpression } from '../validation/regular-expression.ts';

/** find and findAll, and of the string functions charAt and replace. */
export function addRegex(environment: Environment): Environment {
  const all = (text: string, pattern: string): string[] => [...regularExpression(pattern).matches(text)];
  return environment
    .registerFunction('string.find(string): string', (text: string, pattern: string) => regularExpression(pattern).matches(text).next().value ?? '')
    .registerFunction('string.findAll(string): list<string>', all)
    .registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) => (limit < 0n ? all(text, pattern) : all(text, pattern).slice(0, Number(limit))))
    .registerFunction('string.charAt(int): string', (text: string, at: bigint) => {
      const points = [...text];
      if (at < 0n || at > BigInt(points.length)) throw new Error(`charAt(${at}) is outside a text of ${points.length}`);
      return points[Number(at)] ?? '';
    })
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) => text.replaceAll(from, () => to))
    .registerFunction('string.replace(string, string, int): string', (text: string, from: string, to: string, limit: bigint) => replaceFirst(text, from, to, limit));
}

function replaceFirst(text: string, from: string, to: string, limit: bigint): string {
  if (limit < 0n) return text.replaceAll(from, () => to);
  let left = limit;
  return text.replaceAll(from, (found) => (left-- > 0n ? to : found));
}
