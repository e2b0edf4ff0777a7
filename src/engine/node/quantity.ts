const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

/** Reads a Kubernetes quantity such as `250m` or `64Mi`; undefined where it is none. */
export function quantityValue(text: string | number | undefined): number | undefined {
  if (text === undefined) return undefined;
  const found = /^([+-]?\d*\.?\d+)(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(String(text));
  if (found === null) return undefined;
  return Number(found[1] + (found[2] ?? '')) * (suffixes[found[3] ?? ''] ?? 1);
}
