/** Kubernetes quantities: a decimal number with a suffix, told apart by format (decimal SI, binary SI, decimal exponent).
 *  Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export interface Quantity {
  /** In billionths, the finest step there is; finer input is rounded away from zero. */
  readonly nanos: bigint;
  readonly format: 'decimal' | 'binary' | 'exponent';
}

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;
const DECIMAL_EXPONENT: Record<string, number> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY_POWER: Record<string, number> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const NANO = 1_000_000_000n;
const MAX = (2n ** 63n - 1n) * NANO;
const CACHE_LIMIT = 8192;
const parsed = new Map<string, Quantity | undefined>();

/** Undefined where the text is no quantity. */
export function parseQuantity(text: string): Quantity | undefined {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const quantity = parse(text);
  if (parsed.size >= CACHE_LIMIT) parsed.clear();
  parsed.set(text, quantity);
  return quantity;
}

function parse(text: string): Quantity | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', suffix, exponent] = match;
  if (whole === '' && fraction === '') return undefined;
  let format: Quantity['format'] = 'decimal';
  let power = 0;
  let factor = 1n;
  if (exponent !== undefined) {
    format = 'exponent';
    power = Number(exponent);
    if (Math.abs(power) > 1000) return undefined;
  } else if (suffix !== undefined) {
    const binary = BINARY_POWER[suffix];
    if (binary !== undefined) {
      format = 'binary';
      factor = 1024n ** BigInt(binary);
    } else power = DECIMAL_EXPONENT[suffix] ?? 0;
  }
  let nanos = BigInt(whole + fraction || '0') * factor;
  const scale = 9 + power - fraction.length;
  if (scale >= 0) nanos *= 10n ** BigInt(scale);
  else {
    const divisor = 10n ** BigInt(-scale);
    nanos = (nanos + divisor - 1n) / divisor;
  }
  if (format === 'binary' && nanos > MAX) nanos = MAX;
  return { nanos: sign === '-' ? -nanos : nanos, format };
}

/** The form that Kubernetes answers with: no fraction, the largest suffix that keeps the mantissa whole. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const magnitude = nanos < 0n ? -nanos : nanos;
  const sign = nanos < 0n ? '-' : '';
  if (format === 'binary' && magnitude >= 1024n * NANO) {
    let mantissa = (magnitude + NANO - 1n) / NANO;
    let step = 0;
    while (mantissa % 1024n === 0n && step < BINARY_SUFFIXES.length - 1) {
      mantissa /= 1024n;
      step++;
    }
    return `${sign}${mantissa}${BINARY_SUFFIXES[step]}`;
  }
  let mantissa = magnitude;
  let step = 0;
  while (mantissa % 1000n === 0n && step < DECIMAL_SUFFIXES.length - 1) {
    mantissa /= 1000n;
    step++;
  }
  if (format !== 'exponent') return `${sign}${mantissa}${DECIMAL_SUFFIXES[step]}`;
  const power = step * 3 - 9;
  return power === 0 ? `${sign}${mantissa}` : `${sign}${mantissa}e${power}`;
}

const canonical = new Map<string, string>();

/** Undefined where the text is no quantity. */
export function canonicalQuantity(text: string): string | undefined {
  const known = canonical.get(text);
  if (known !== undefined) return known;
  const quantity = parseQuantity(text);
  if (quantity === undefined) return undefined;
  const result = isKept(text) ? text : formatQuantity(quantity);
  if (canonical.size >= CACHE_LIMIT) canonical.clear();
  canonical.set(text, result);
  return result;
}

const KEPT = /^\+?0*([1-9]\d*)\.?(\d*)(?:([numkMGTPE])|([KMGTPE]i)|[eE]([+-]?\d+))?$/;
/** Digits that fit 64 bits for certain; of a binary number, fewer for each power of 1024. */
const SHORT_DECIMAL = 18;
const SHORT_BINARY = [14, 11, 8, 5, 2];

/** Kubernetes answers with the text as it came where that is short and close enough to the canonical form: `+1`, `5.`, `1e3`. */
function isKept(text: string): boolean {
  const match = KEPT.exec(text);
  if (match === null) return false;
  const [, whole = '', fraction = '', decimal, binary, exponent] = match;
  if (binary !== undefined) return fraction === '' && whole.length <= (SHORT_BINARY[BINARY_POWER[binary] ?? 0] ?? 0) && BigInt(whole) % 8n !== 0n;
  const power = (exponent === undefined ? (DECIMAL_EXPONENT[decimal ?? ''] ?? 0) : Number(exponent)) - fraction.length;
  return whole.length + fraction.length <= SHORT_DECIMAL && power >= -9 && power % 3 === 0 && !`${whole}${fraction}`.endsWith('000');
}

const MILLI = 1_000_000n;

/** Whether a thousandth of the base unit is left over, counted in 64 bits as Kubernetes does: a binary number that overflows has a rest too. */
export function hasFraction(text: string | undefined): boolean {
  const { nanos, format } = (text === undefined ? undefined : parseQuantity(text)) ?? { nanos: 0n, format: 'decimal' };
  const milli = nanos >= 0n ? (nanos + MILLI - 1n) / MILLI : nanos / MILLI;
  return (format === 'binary' ? BigInt.asIntN(64, milli) : milli) % 1000n !== 0n;
}

/** Billionths of a quantity that decoding has accepted; 0 where it is absent. */
export function nanosOf(text: string | undefined): bigint {
  return text === undefined ? 0n : (parseQuantity(text)?.nanos ?? 0n);
}

export function compareQuantities(a: string, b: string): number {
  const [left, right] = [nanosOf(a), nanosOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
