import { InvalidArgumentError } from 'commander';

/** Reads an option that counts something: a whole number, `least` or more. */
export function countFrom(least: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < least) throw new InvalidArgumentError(`It is a whole number, ${least} or more.`);
    return count;
  };
}
