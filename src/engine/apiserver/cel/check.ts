import type { Environment } from '@marcbachmann/cel-js';
import { resolved, rootOf } from './ast.ts';
import { estimateCost } from './cost.ts';
import type { DeclaredType, Variables } from './declared-type.ts';
import { celEnvironment, celMessage, parse } from './environment.ts';

/** What reading an expression told: its type and the most that it can cost, or what is wrong with it. */
export type Checked = { readonly type: string; readonly maxCost: number; readonly variables: ReadonlySet<string> } | { readonly fault: string };

/** Checks expressions against the types of what they name. One is made for each schema: its types are registered once. */
export class ExpressionChecker {
  readonly #types: Environment;
  readonly #names = new Map<DeclaredType, string>();

  constructor(roots: readonly DeclaredType[]) {
    this.#types = celEnvironment([]).clone();
    for (const root of roots) this.#register(root);
  }

  check(expression: string, variables: Variables): Checked {
    const environment = this.#types.clone();
    for (const [name, given] of Object.entries(variables)) environment.registerVariable(name, 'optional' in given ? `optional<${this.#nameOf(given.optional)}>` : this.#nameOf(given));
    try {
      const parsed = parse(environment, expression);
      const { valid, type, error } = parsed.check();
      if (!valid) return { fault: celMessage(error) };
      const estimate = estimateCost(resolved(rootOf(parsed)), variables);
      return 'fault' in estimate ? estimate : { type: type ?? 'dyn', maxCost: estimate.max, variables: estimate.variables };
    } catch (error) {
      return { fault: celMessage(error) };
    }
  }

  #register(type: DeclaredType): void {
    if (type.kind === 'list') this.#register(type.item);
    else if (type.kind === 'map') this.#register(type.value);
    if (type.kind !== 'object' || this.#names.has(type)) return;
    for (const child of type.fields.values()) this.#register(child);
    const name = `object.${this.#names.size}`;
    this.#names.set(type, name);
    this.#types.registerType(name, { fields: Object.fromEntries([...type.fields].map(([field, child]) => [field, this.#nameOf(child)])) });
    for (const other of [name, 'null']) this.#types.registerOperator(`${name} == ${other}`, () => false);
  }

  #nameOf(type: DeclaredType): string {
    switch (type.kind) {
      case 'object': return this.#names.get(type) ?? 'dyn';
      case 'list': return `list<${this.#nameOf(type.item)}>`;
      case 'map': return `map<string, ${this.#nameOf(type.value)}>`;
      case 'timestamp': return 'google.protobuf.Timestamp';
      case 'duration': return 'google.protobuf.Duration';
      default: return type.kind;
    }
  }
}
