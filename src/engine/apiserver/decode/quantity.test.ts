import { expect, test } from 'vitest';
import { canonicalQuantity, compareQuantities } from './quantity.ts';

test.for([['1000m', '1'], ['0.5', '500m'], ['1024Mi', '1Gi'], ['1.5Gi', '1536Mi'], ['1e8', '100e6'], ['1000', '1k'], ['0.1n', '1n'], ['-1', '-1'], ['0Mi', '0'], ['512', '512']] as const)('%s is written %s', ([given, written]) => expect(canonicalQuantity(given)).toBe(written));
test.for(['', 'x', '1 Gi', '1KB', '--1', '.'])('"%s" is no quantity', (text) => expect(canonicalQuantity(text)).toBeUndefined());
test('quantities compare by value', () => expect(compareQuantities('1000Mi', '1Gi')).toBe(-1));
