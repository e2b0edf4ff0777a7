import { expect, test } from 'vitest';
import { expand } from './env-expansion.ts';

test.for([
  ['$(A)', '1'],
  ['x$(A)y$(B)', 'x1y$(B)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$1'],
  ['$A ${A} $', '$A ${A} $'],
])('%s becomes %s', ([text, wanted]) => expect(expand(text!, new Map([['A', '1']]))).toBe(wanted));
