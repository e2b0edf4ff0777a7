import type { ASTNode, ParseResult } from '@marcbachmann/cel-js';

/**
 * A node as the library keeps it after it was checked: what its published types leave out. Macros that loop stand in
 * `meta.alternate` as comprehensions, `has` and `cel.bind` in `meta.macro`.
 */
export interface CheckedNode {
  readonly op: string;
  readonly args: unknown;
  readonly input: string;
  readonly start: number;
  readonly end: number;
  readonly checkedType?: { readonly name: string; readonly kind: string };
  readonly meta: { readonly alternate?: CheckedNode; readonly macro?: Macro; readonly evaluate: Evaluate };
  handle?: (...values: unknown[]) => unknown;
  evaluate: Evaluate;
}

export type Evaluate = (evaluator: unknown, node: unknown, context: unknown) => unknown;

interface Macro {
  readonly evaluate: Evaluate;
  /** Of `has`. */
  readonly args?: readonly CheckedNode[];
  /** Of `cel.bind`: the variable, its value and where it is used. */
  readonly var?: string;
  readonly val?: CheckedNode;
  readonly exp?: CheckedNode;
  readonly loop?: TwoVariableLoop;
}

/** A loop over the keys and values of `iterable`. */
export interface TwoVariableLoop {
  readonly iterable: CheckedNode;
  readonly key: string;
  readonly value: string;
  readonly filter?: CheckedNode;
  readonly body: CheckedNode;
}

/** What a loop is: `iterable`, and `step` for each of its items under the name `iterVarName`. */
export interface Comprehension {
  /** `quantifier`: all, exists, exists_one. */
  readonly kind?: string;
  readonly iterable: CheckedNode;
  readonly iterVarName: string;
  readonly init: CheckedNode;
  readonly step: CheckedNode;
}

export const rootOf = (parsed: ParseResult): CheckedNode => parsed.ast as ASTNode as unknown as CheckedNode;

/** The node that takes another's place: a macro's loop. */
export const resolved = (node: CheckedNode): CheckedNode => (node.meta.alternate === undefined ? node : resolved(node.meta.alternate));

/** The nodes directly below a resolved one, those of macros too. */
export function childrenOf(node: CheckedNode): CheckedNode[] {
  const { macro } = node.meta;
  if (macro !== undefined) return [...(macro.args ?? []), ...[macro.val, macro.exp, macro.loop?.iterable, macro.loop?.filter, macro.loop?.body].filter((n) => n !== undefined)];
  if (node.op === 'comprehension') {
    const { iterable, init, step } = node.args as Comprehension;
    return [iterable, init, step];
  }
  return nodesIn(node.args);
}

function nodesIn(value: unknown): CheckedNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  return typeof value === 'object' && value !== null && 'op' in value && 'meta' in value ? [value as CheckedNode] : [];
}
