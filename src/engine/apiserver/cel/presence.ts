import type { ParseResult } from '@marcbachmann/cel-js';
import { childrenOf, resolved, rootOf, type CheckedNode } from './ast.ts';

interface Checker { check(node: CheckedNode, context: unknown): unknown; getType(name: string): unknown }
interface Evaluator { run(node: CheckedNode, context: unknown): unknown; debugType(value: unknown): { fieldLazy(value: unknown, field: string, node: CheckedNode, evaluator: unknown): unknown } }

/** Has `has()` take a field of any value (`has(self.ports[0].name)`): the library takes fields of variables only. */
export function widenPresence(parsed: ParseResult): ParseResult {
  widen(rootOf(parsed));
  return parsed;
}

function widen(given: CheckedNode): void {
  const node = resolved(given);
  const macro = node.meta.macro as { evaluate: unknown; typeCheck: unknown; val?: CheckedNode; args?: readonly CheckedNode[] } | undefined;
  const field = macro?.args?.[0];
  if (macro !== undefined && macro.val === undefined && field?.op === '.' && !isPlain(field)) {
    const [operand, name] = field.args as [CheckedNode, string];
    macro.typeCheck = (checker: Checker, _macro: unknown, context: unknown) => {
      checker.check(operand, context);
      return checker.getType('bool');
    };
    macro.evaluate = (evaluator: Evaluator, _macro: unknown, context: unknown) => {
      const value = evaluator.run(operand, context);
      return evaluator.debugType(value).fieldLazy(value, name, field, evaluator) !== undefined;
    };
  }
  for (const child of childrenOf(node)) widen(child);
}

/** `a.b.c`: what the library takes. */
function isPlain(node: CheckedNode): boolean {
  if (node.op === 'id') return true;
  return (node.op === '.' || node.op === '.?') && isPlain((node.args as [CheckedNode])[0]);
}
