import type { Environment } from '@marcbachmann/cel-js';
import { resolved, rootOf } from './ast.ts';
import { estimateCost } from './cost.ts';
import type { DeclaredType, Variables } from './declared-type.ts';
import { celEnvironment, celMessage, parse } from './environment.ts';

/** What reading an expression told: its type and the most that it can cost, or what is wrong with it. */
export type Checked = { readonly type: string; readonly maxCost: number; readonly variables: ReadonlySet<string> } | { readonly fault: string };

const scalars: ReadonlyMap<string, Exclude<DeclaredType['kind'], 'object' | 'list' | 'map'>> = new Map([...(['string', 'bytes', 'int', 'double', 'bool'] as const).map((kind) => [kind, kind] as const), ['google.protobuf.Timestamp', 'timestamp'], ['google.protobuf.Duration', 'duration']]);

/** Checks expressions against the types of what they name. One is made for each schema: its types are registered once. */
export class ExpressionChecker {
  readonly #types: Environment;
  readonly #names: Map<DeclaredType, string>;

  /** @param known its types are known here too */
  constructor(roots: readonly DeclaredType[], known?: ExpressionChecker) {
    this.#types = (known === undefined ? celEnvironment([]) : known.#types).clone();
    this.#names = new Map(known === undefined ? [] : known.#names);
    for (const root of roots) this.#register(root);
  }

  /** What `check` said that an expression gives, as a declared type; `dyn` where none was declared.
   *  @param sizes of what it holds, which no type tells */
  declared(type: string, sizes: { readonly max: number; readonly minBytes: number }): DeclaredType {
    const item = /^list<(.*)>$/.exec(type)?.[1];
    if (item !== undefined) return { kind: 'list', item: this.declared(item, sizes), ...sizes };
    const kind = scalars.get(type);
    return kind === undefined ? ([...this.#names].find(([, name]) => name === type)?.[0] ?? { kind: 'dyn', ...sizes }) : { kind, ...sizes };
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
