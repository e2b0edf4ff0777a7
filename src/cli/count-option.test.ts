import { expect, test } from 'vitest';
import { countFrom } from './count-option.ts';

test.for(['0', '-1', '1.5', '1e3', 'x', '', ' 2', '99999999999999999999'])('%j counts nothing from 1 on', (text) => expect(() => countFrom(1)(text)).toThrow('It is a whole number, 1 or more.'));
test('whole numbers from the least on', () => expect([countFrom(0)('0'), countFrom(1)('25')]).toEqual([0, 25]));
