const MAX_WEIGHT = 1_000_000;

/** Parts of a whole as the smallest weights that say the same, each 1 to 1,000,000: [500, 9_500] is [1, 19]. */
export function integerWeights(parts: readonly number[]): number[] {
  const divisor = parts.reduce(greatestCommonDivisor, 0) || 1;
  const exact = parts.map((part) => part / divisor);
  const scale = Math.min(1, MAX_WEIGHT / Math.max(1, ...exact));
  // Where they are too many, the least is rounded, and never away.
  return exact.map((weight) => Math.max(1, Math.round(weight * scale)));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
