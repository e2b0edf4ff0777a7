import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellOf, cellsBySlot } from './latency-cells.ts';

const latency = fc.integer({ min: 1, max: 100_000_000 });

test('a cell holds the latency and is at most 15 percent wide above it', () => {
  fc.assert(fc.property(latency, (microseconds) => {
    const cell = cellOf(microseconds);
    expect(cell).toBeGreaterThan(microseconds);
    if (microseconds >= 10) expect(cell).toBeLessThanOrEqual(microseconds * 1.15);
  }));
});

test('what HAProxy counts by digits falls into the same cell as the latency itself', () => {
  fc.assert(fc.property(latency, (microseconds) => {
    const text = String(microseconds);
    const cells = cellsBySlot({ [`free-0/${text.length}/${text.slice(0, 2)}`]: 3 });
    expect(cells.get('free-0')).toEqual({ [cellOf(microseconds)]: 3 });
  }));
});

