import { childrenOf, resolved, type CheckedNode, type Comprehension, type TwoVariableLoop } from './ast.ts';
import { compareCost, regexCost, scanCost } from './call-cost.ts';
import type { DeclaredType, Variables } from './declared-type.ts';

/** The most that a node costs, and what is known of its value. */
interface Estimate {
  readonly cost: number;
  /** Absent for what no schema declares. */
  readonly type?: DeclaredType;
  /** Characters or items. */
  readonly size: number;
}

type Scope = ReadonlyMap<string, Omit<Estimate, 'cost'>>;

export type CostEstimate = { readonly max: number; /** The variables that it names. */ readonly variables: ReadonlySet<string> } | { readonly fault: string };

class UndefinedField extends Error {}

/**
 * The most that a checked expression can cost, as Kubernetes estimates it: a loop costs its body for each item that a
 * request can hold. Finds fields that `has()` names and no schema declares, too.
 */
export function estimateCost(root: CheckedNode, variables: Variables): CostEstimate {
  const used = new Set<string>();
  const scope = new Map(Object.entries(variables).map(([name, given]) => {
    const type = 'optional' in given ? given.optional : given;
    return [name, { type, size: sizeOf(type) }];
  }));
  try {
    return { max: new Estimator(used).of(root, scope).cost, variables: used };
  } catch (error) {
    if (error instanceof UndefinedField) return { fault: error.message };
    throw error;
  }
}

function sizeOf(type: DeclaredType | undefined): number {
  return type === undefined || type.kind === 'object' ? 1 : type.max;
}

const LIST_COST = 10, MAP_COST = 30, AUTHORIZER_COST = 350_000;
/** A value that no schema bounds, such as a part of a text that was split. */
const UNBOUNDED = 1024;

class Estimator {
  readonly #used: Set<string>;

  constructor(used: Set<string>) {
    this.#used = used;
  }

  of(given: CheckedNode, scope: Scope): Estimate {
    const node = resolved(given);
    const { macro } = node.meta;
    // The library has cel.bind, Kubernetes does not.
    if (macro?.val !== undefined) throw new UndefinedField("undeclared reference to 'cel'");
    if (macro?.loop !== undefined) return this.#pairs(macro.loop, scope);
    if (macro !== undefined) return { cost: (macro.args ?? []).reduce((sum, n) => sum + this.of(n, scope).cost, 0), size: 1 };
    switch (node.op) {
      case 'value': return { cost: 0, size: typeof node.args === 'string' ? node.args.length : 1 };
      case 'id': return this.#identifier(node.args as string, scope);
      case '.': case '.?': return this.#field(node.args as [CheckedNode, string], scope);
      case '[]': case '[?]': return this.#element(node.args as [CheckedNode, CheckedNode], scope);
      case 'comprehension': return this.#loop(node.args as Comprehension, scope);
      case 'list': return this.#literal(node, LIST_COST, scope);
      case 'map': return this.#literal(node, MAP_COST, scope);
      case 'call': return this.#call((node.args as [string])[0], (node.args as [string, CheckedNode[]])[1], scope);
      case 'rcall': {
        const [name, receiver, rest] = node.args as [string, CheckedNode, CheckedNode[]];
        return this.#call(name, [receiver, ...rest], scope);
      }
      case '?:': {
        const [condition, a, b] = childrenOf(node).map((n) => this.of(n, scope)) as [Estimate, Estimate, Estimate];
        return { ...(a.cost > b.cost ? a : b), cost: condition.cost + Math.max(a.cost, b.cost), size: Math.max(a.size, b.size) };
      }
      default: return this.#operator(node, childrenOf(node).map((n) => this.of(n, scope)));
    }
  }

  #identifier(name: string, scope: Scope): Estimate {
    this.#used.add(name);
    return { size: 1, ...scope.get(name), cost: 1 };
  }

  #field([operand, name]: [CheckedNode, string], scope: Scope): Estimate {
    const of = this.of(operand, scope);
    const cost = of.cost + 1;
    if (of.type?.kind === 'object') {
      const type = of.type.fields.get(name);
      if (type === undefined) throw new UndefinedField(`undefined field '${name}'`);
      return { cost, type, size: sizeOf(type) };
    }
    return of.type?.kind === 'map' ? { cost, type: of.type.value, size: sizeOf(of.type.value) } : { cost, size: of.size };
  }

  #element([operand, index]: [CheckedNode, CheckedNode], scope: Scope): Estimate {
    const [of, at] = [this.of(operand, scope), this.of(index, scope)];
    const type = elementOf(of.type);
    return { cost: of.cost + at.cost + 1, size: type === undefined ? of.size : sizeOf(type), ...(type && { type }) };
  }

  #loop({ kind, iterable, iterVarName, init, step }: Comprehension, scope: Scope): Estimate {
    const range = this.of(iterable, scope);
    const item = range.type?.kind === 'map' ? { size: UNBOUNDED } : { size: 1, ...(range.type?.kind === 'list' && { type: range.type.item, size: sizeOf(range.type.item) }) };
    const each = this.of(step, new Map([...scope, [iterVarName, item]])).cost + (kind === 'quantifier' ? overhead(init) : 0);
    return { cost: range.cost + this.of(init, scope).cost + range.size * each, size: range.size };
  }

  #pairs({ iterable, key, value, filter, body }: TwoVariableLoop, scope: Scope): Estimate {
    const range = this.of(iterable, scope);
    const type = elementOf(range.type);
    const inner = new Map([...scope, [key, { size: range.type?.kind === 'map' ? UNBOUNDED : 1 }], [value, type === undefined ? { size: 1 } : { type, size: sizeOf(type) }]]);
    const each = this.of(body, inner).cost + (filter === undefined ? 0 : this.of(filter, inner).cost) + LIST_COST + 2;
    return { cost: range.cost + range.size * each, size: range.size };
  }

  #literal(node: CheckedNode, base: number, scope: Scope): Estimate {
    const parts = childrenOf(node).map((n) => this.of(n, scope));
    return { cost: parts.reduce((sum, p) => sum + p.cost, base), size: parts.length };
  }

  #call(name: string, args: readonly CheckedNode[], scope: Scope): Estimate {
    const parts = args.map((n) => this.of(n, scope));
    const before = parts.reduce((sum, p) => sum + p.cost, 0);
    const [first = nothing, second = nothing, third] = parts;
    const isList = first.type?.kind === 'list';
    switch (name) {
      case 'matches': case 'find': case 'findAll': return { cost: before + regexCost(first.size, second.size), size: first.size };
      case 'contains': case 'intersects': case 'equivalent': return { cost: before + (third === undefined ? Math.max(1, scanCost(first.size) * scanCost(second.size)) : Math.max(1, second.size * third.size)), size: 1 };
      case 'startsWith': case 'endsWith': return { cost: before + Math.max(1, scanCost(second.size)), size: 1 };
      case 'check': return { cost: before + AUTHORIZER_COST, size: 1 };
      case 'size': case 'type': case 'hasValue': return { cost: before + 1, size: 1 };
      // As cel-go has it: a conversion is one step, however long the text.
      case 'duration': case 'timestamp': case 'int': case 'uint': case 'double': case 'bool': return { cost: before + 1, size: 1 };
      case 'dyn': case 'value': case 'orValue': case 'or': return { ...first, cost: before + 1 };
      // How long the text of a number or a part of a URL is, nobody says: a pass over it has no bound.
      case 'getScheme': case 'getHost': case 'getHostname': case 'getPort': case 'getEscapedPath': return { cost: before + 1, size: Infinity };
      case 'string': return { cost: before + 1, size: first.type?.kind === 'string' ? first.size : Infinity };
      case 'sum': case 'min': case 'max': case 'isSorted': case 'indexOf': case 'lastIndexOf': {
        const item = elementOf(first.type);
        return { cost: before + Math.max(1, isList ? first.size : scanCost(first.size)), size: 1, ...(item && { type: item }) };
      }
      default: return { cost: before + Math.max(1, scanCost(parts.reduce((sum, p) => sum + p.size, 0))), size: Math.max(1, first.size), ...(isList && { type: first.type }) };
    }
  }

  #operator(node: CheckedNode, parts: readonly Estimate[]): Estimate {
    const before = parts.reduce((sum, p) => sum + p.cost, 0);
    const [a = nothing, b = nothing] = parts;
    switch (node.op) {
      case '&&': case '||': return { cost: before, size: 1 };
      case 'accuValue': case 'accuInc': return { cost: 1, size: 1 };
      // A list of one item, added to those before.
      case 'accuPush': return { cost: before + LIST_COST + 2, size: 1 };
      case 'in': return { cost: before + Math.max(1, b.type?.kind === 'map' ? 1 : b.size), size: 1 };
      case '+': return { cost: before + Math.max(1, isText(node) ? scanCost(a.size + b.size) : 1), size: a.size + b.size };
      case '==': case '!=': case '<': case '<=': case '>': case '>=': return { cost: before + compareCost(a.size, b.size), size: 1 };
      default: return { cost: before + 1, size: 1 };
    }
  }
}

/** What `all`, `exists` and `exists_one` do for each item beside the predicate: whether to go on, and the result so far. */
const overhead = (init: CheckedNode): number => (init.args === true ? 3 : init.args === false ? 4 : 1);

const nothing: Estimate = { cost: 0, size: 1 };
const isText = (node: CheckedNode): boolean => ['string', 'bytes', 'dyn'].includes(node.checkedType?.name ?? 'dyn');

function elementOf(type: DeclaredType | undefined): DeclaredType | undefined {
  return type?.kind === 'list' ? type.item : type?.kind === 'map' ? type.value : undefined;
}
