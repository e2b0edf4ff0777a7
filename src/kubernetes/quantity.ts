const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

/** A Kubernetes quantity (`250m`, `1.5Gi`, `2e3`) as a number of its base unit: cores, bytes, pieces.
 *  @throws {RangeError} */
export function quantityValue(quantity: string | number): number {
  const text = String(quantity);
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text);
  const scale = suffixes[match?.[2] ?? ''];
  if (match === null || scale === undefined) throw new RangeError(`'${text}' is no quantity: a number with one of n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or none`);
  return Number(match[1]) * scale;
}
