import type { Environment } from '@marcbachmann/cel-js';
import { formatQuantity, parseQuantity, type Quantity } from '../decode/quantity.ts';

const NANO = 1_000_000_000n;

class QuantityValue {
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    this.quantity = quantity;
  }
  toString(): string {
    return formatQuantity(this.quantity);
  }
}

/** quantity(), isQuantity() and the arithmetic of quantities. */
export function addQuantities(environment: Environment): Environment {
  const of = (text: string): QuantityValue => {
    const quantity = parseQuantity(text);
    if (quantity === undefined) throw new Error(`${JSON.stringify(text)} is not a quantity`);
    return new QuantityValue(quantity);
  };
  const nanos = (value: QuantityValue): bigint => value.quantity.nanos;
  const sum = (a: QuantityValue, amount: bigint): QuantityValue => new QuantityValue({ nanos: nanos(a) + amount, format: a.quantity.format });
  const name = 'kubernetes.Quantity';
  return environment
    .registerType(name, QuantityValue)
    .registerFunction(`quantity(string): ${name}`, of)
    .registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined)
    .registerFunction(`${name}.isGreaterThan(${name}): bool`, (a: QuantityValue, b: QuantityValue) => nanos(a) > nanos(b))
    .registerFunction(`${name}.isLessThan(${name}): bool`, (a: QuantityValue, b: QuantityValue) => nanos(a) < nanos(b))
    .registerFunction(`${name}.compareTo(${name}): int`, (a: QuantityValue, b: QuantityValue) => (nanos(a) < nanos(b) ? -1n : nanos(a) > nanos(b) ? 1n : 0n))
    .registerFunction(`${name}.add(${name}): ${name}`, (a: QuantityValue, b: QuantityValue) => sum(a, nanos(b)))
    .registerFunction(`${name}.add(int): ${name}`, (a: QuantityValue, b: bigint) => sum(a, b * NANO))
    .registerFunction(`${name}.sub(${name}): ${name}`, (a: QuantityValue, b: QuantityValue) => sum(a, -nanos(b)))
    .registerFunction(`${name}.sub(int): ${name}`, (a: QuantityValue, b: bigint) => sum(a, -b * NANO))
    .registerFunction(`${name}.sign(): int`, (a: QuantityValue) => (nanos(a) < 0n ? -1n : nanos(a) > 0n ? 1n : 0n))
    .registerFunction(`${name}.isInteger(): bool`, (a: QuantityValue) => nanos(a) % NANO === 0n)
    .registerFunction(`${name}.asInteger(): int`, (a: QuantityValue) => {
      if (nanos(a) % NANO !== 0n) throw new Error(`${a.toString()} is not a whole number`);
      return nanos(a) / NANO;
    })
    .registerFunction(`${name}.asApproximateFloat(): double`, (a: QuantityValue) => Number(nanos(a)) / 1e9)
    .registerOperator(`${name} == ${name}`, (a: QuantityValue, b: QuantityValue) => nanos(a) === nanos(b));
}
