import type { Environment } from '@marcbachmann/cel-js';
import type { CheckedNode, TwoVariableLoop } from './ast.ts';

interface Type { readonly kind: string; readonly name: string; readonly keyType?: Type; readonly valueType?: Type }
interface Context { forkWithVariable(name: string, type: Type): Context; reuse(parent: Context): Context; setIterValue(value: unknown, evaluator: Evaluator): Context }
interface Checker { check(node: CheckedNode, context: Context): Type; getType(name: string): Type; createError(code: string, message: string, node: CheckedNode): Error; readonly registry: { getListType(item: Type): Type; getMapType(key: Type, value: Type): Type } }
interface Evaluator { run(node: CheckedNode, context: Context): unknown }
interface Expansion { readonly args: readonly CheckedNode[]; readonly receiver: CheckedNode }

/** What a loop makes of what its body gives for each item that the filter lets through. */
interface Form {
  typeOf(checker: Checker, body: Type, key: Type): Type;
  /** @param items each calls the body; errors of the body come out of it */
  result(items: Iterable<{ readonly key: unknown; body(): unknown }>): unknown;
}

const isBool = (value: unknown): boolean => {
  if (typeof value !== 'boolean') throw new Error('the predicate is no bool');
  return value;
};

/** Ends with the first that decides; an error counts where none does. */
function quantified(items: Iterable<{ body(): unknown }>, decides: boolean): boolean {
  let failure: unknown;
  for (const item of items) {
    try {
      if (isBool(item.body()) === decides) return decides;
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure as Error;
  return !decides;
}

const bool = (checker: Checker): Type => checker.getType('bool');

const forms: Readonly<Record<string, Form>> = {
  all: { typeOf: bool, result: (items) => quantified(items, false) },
  exists: { typeOf: bool, result: (items) => quantified(items, true) },
  existsOne: { typeOf: bool, result: (items) => [...items].filter((item) => isBool(item.body())).length === 1 },
  transformList: { typeOf: (checker, body) => checker.registry.getListType(body), result: (items) => [...items].map((item) => item.body()) },
  transformMap: { typeOf: (checker, body, key) => checker.registry.getMapType(key, body), result: (items) => new Map([...items].map((item) => [item.key, item.body()])) },
  transformMapEntry: {
    typeOf: (_checker, body) => body,
    result: (items) => new Map([...items].flatMap((item) => entries(item.body()))),
  },
};

const entries = (value: unknown): [unknown, unknown][] => (value instanceof Map ? [...value] as [unknown, unknown][] : Object.entries(value as object));

function expand(form: Form, hasFilter: boolean) {
  return ({ args, receiver }: Expansion) => {
    const [key, value, ...rest] = args as [CheckedNode, CheckedNode, ...CheckedNode[]];
    if (key.op !== 'id' || value.op !== 'id') throw new Error('a loop over two variables names both');
    const loop: TwoVariableLoop = { iterable: receiver, key: key.args as string, value: value.args as string, ...(hasFilter && { filter: rest[0] as CheckedNode }), body: rest.at(-1) as CheckedNode };
    let inner: Context, outer: Context;
    return {
      loop, async: false,
      typeCheck(checker: Checker, _macro: unknown, context: Context): Type {
        const range = checker.check(receiver, context);
        if (!['list', 'map', 'dyn'].includes(range.kind)) throw checker.createError('invalid_comprehension_range', `'${range.name}' is neither list nor map`, receiver);
        const dyn = checker.getType('dyn');
        const keyType = range.kind === 'list' ? checker.getType('int') : range.keyType ?? dyn;
        outer = context.forkWithVariable(loop.key, keyType);
        inner = outer.forkWithVariable(loop.value, range.valueType ?? dyn);
        if (loop.filter !== undefined && !['bool', 'dyn'].includes(checker.check(loop.filter, inner).name)) throw checker.createError('invalid_predicate', 'the filter is no bool', loop.filter);
        return form.typeOf(checker, checker.check(loop.body, inner), keyType);
      },
      evaluate(evaluator: Evaluator, _macro: unknown, context: Context): unknown {
        const range = evaluator.run(receiver, context);
        const pairs: Iterable<[unknown, unknown]> = Array.isArray(range) ? range.map((item, i): [unknown, unknown] => [BigInt(i), item]) : entries(range);
        const at = (k: unknown, v: unknown): Context => inner.reuse(outer.reuse(context).setIterValue(k, evaluator)).setIterValue(v, evaluator);
        return form.result((function* () {
          for (const [k, v] of pairs) if (loop.filter === undefined || isBool(evaluator.run(loop.filter, at(k, v)))) yield { key: k, body: () => evaluator.run(loop.body, at(k, v)) };
        })());
      },
    };
  };
}

/** Loops over keys and values of maps, or positions and items of lists: all, exists, existsOne, transformList, transformMap and transformMapEntry. */
export function addTwoVariables(environment: Environment): Environment {
  for (const [name, form] of Object.entries(forms)) {
    environment.registerFunction(`list.${name}(ast, ast, ast): dyn`, expand(form, false) as never);
    if (name.startsWith('transform')) environment.registerFunction(`list.${name}(ast, ast, ast, ast): dyn`, expand(form, true) as never);
  }
  return environment;
}
