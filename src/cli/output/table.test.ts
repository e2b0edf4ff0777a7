import { expect, test } from 'vitest';
import { age } from './age.ts';
import { table } from './table.ts';

test('columns are as wide as their widest cell and lines end without spaces', () => {
  expect(table(['TRACK', 'READY'], [['production', '10/10'], ['free', '']])).toBe('TRACK       READY\nproduction  10/10\nfree');
});

test.for([
  [5_000, '5s'], [119_000, '119s'], [121_000, '2m'], [3 * 3_600_000, '3h'], [72 * 3_600_000, '3d'],
] as const)('%d ms ago is %s', ([ms, text]) => expect(age(new Date(1_000_000_000_000).toISOString(), 1_000_000_000_000 + ms)).toBe(text));

test('the age of what has no time is a dash', () => expect(age(undefined, 0)).toBe('-'));
