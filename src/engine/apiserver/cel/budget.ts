import type { ParseResult } from '@marcbachmann/cel-js';
import { childrenOf, resolved, rootOf, type CheckedNode } from './ast.ts';
import { regularExpression } from '../validation/regular-expression.ts';
import { compareCost, regexCost, scanCost } from './call-cost.ts';

/** What one expression may cost at most; the unit is one step of evaluation, as in Kubernetes. */
const PER_CALL = 1_000_000;
/** What the rules of one object, or one policy with one set of parameters, may cost together. */
export const requestBudget = 10_000_000;
/** What all match conditions of one webhook or policy may cost together. */
export const conditionsBudget = 2_500_000;

/** An expression costs more than it may. */
export class CostLimitError extends Error {
  override readonly name = 'CostLimitError';
}

let spentByCall = 0;
let left = Infinity;

function spend(cost: number): void {
  spentByCall += cost;
  left -= cost;
  checkLimits();
}

function checkLimits(): void {
  if (spentByCall > PER_CALL) throw new CostLimitError('call cost exceeds limit: the expression takes too many steps');
  if (left < 0) throw new CostLimitError('running out of cost budget, no further expression will be run');
}

/** Gives all expressions that `run` evaluates one budget. */
export function withinBudget<T>(budget: number, run: () => T): T {
  const outer = left;
  left = Math.min(budget, outer);
  try {
    return run();
  } finally {
    left = outer === Infinity ? Infinity : outer - (Math.min(budget, outer) - left);
  }
}

/** Has a checked expression count its steps.
 *  @throws {CostLimitError} when it is evaluated and takes too many */
export function metered(parsed: ParseResult): (variables?: Record<string, unknown>) => unknown {
  meter(rootOf(parsed));
  return (variables) => {
    const outer = spentByCall;
    spentByCall = 0;
    try {
      const value: unknown = parsed(variables);
      // `||` and `exists` forgive errors of one side; not this one.
      checkLimits();
      return value;
    } finally {
      spentByCall = outer;
    }
  };
}

const fixed: Readonly<Record<string, number>> = { id: 1, '.': 1, '.?': 1, '[]': 1, '[?]': 1, list: 10, map: 30, comprehension: 1, '?:': 1, '!_': 1, '-_': 1 };

function meter(given: CheckedNode): void {
  const node = resolved(given);
  for (const child of childrenOf(node)) meter(child);
  const cost = fixed[node.op];
  if (cost !== undefined && node.meta.macro === undefined) {
    const { evaluate } = node.meta;
    node.evaluate = (evaluator, self, context) => {
      spend(cost);
      return evaluate(evaluator, self, context);
    };
  }
  const { handle } = node;
  if (handle === undefined) return;
  if (node.op === 'call' || node.op === 'rcall') {
    const name = (node.args as [string])[0];
    node.handle = (values, ...rest) => {
      spend(callCost(name, values as unknown[]));
      // The library's own backtracks.
      if (name === 'matches') return matches(values as unknown[]) ?? handle(values, ...rest);
      return handle(values, ...rest);
    };
  } else if (node.op in binary) {
    const costOf = binary[node.op] as (a: number, b: number) => number;
    node.handle = (a, b, ...rest) => {
      spend(costOf(sizeOf(a), sizeOf(b)));
      return handle(a, b, ...rest);
    };
  }
}

function matches([text, pattern]: readonly unknown[]): boolean | undefined {
  return typeof text === 'string' && typeof pattern === 'string' ? regularExpression(pattern).test(text) : undefined;
}

const one = (): number => 1;
const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
  '==': compareCost, '!=': compareCost, '<': compareCost, '<=': compareCost, '>': compareCost, '>=': compareCost,
  'in': (_item, list) => Math.max(1, list), '+': (a, b) => scanCost(a + b), '-': one, '*': one, '/': one, '%': one,
};

/** What a call costs, by the sizes of what it is called with, the receiver first. */
function callCost(name: string, values: readonly unknown[]): number {
  const sizes = values.map(sizeOf);
  const [first = 1, second = 1, third] = sizes;
  switch (name) {
    case 'contains': case 'intersects': case 'equivalent':
      // Of text, or of the library of sets, which compares each item of one list with each of the other.
      return third === undefined ? Math.max(1, scanCost(first) * scanCost(second)) : Math.max(1, second * third);
    case 'matches': case 'find': case 'findAll': return regexCost(first, second);
    case 'check': return 350_000;
    case 'distinct': return Math.max(1, first * first);
    case 'sort': return Math.max(1, first * Math.ceil(Math.log2(first + 1)));
    case 'isSorted': case 'sum': case 'min': case 'max': case 'indexOf': case 'lastIndexOf': case 'reverse': case 'slice': return Math.max(1, first);
    default: return Math.max(1, scanCost(sizes.reduce((sum, size) => sum + size, 0)));
  }
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Map || value instanceof Set) return value.size;
  return typeof value === 'object' && value !== null && value.constructor === Object ? Object.keys(value).length : 1;
}

