import { Environment } from '@marcbachmann/cel-js';
import { addAddresses } from './addresses.ts';
import { addAuthorizer } from './authorizer.ts';
import { addFormat } from './format.ts';
import { addLists } from './lists.ts';
import { addQuantities } from './quantities.ts';
import { addRegex } from './regex.ts';
import { addSets } from './sets.ts';

/** An expression that was read; evaluating throws where CEL defines an error, such as a field that is not there. */
export type Expression = (variables: Readonly<Record<string, unknown>>) => unknown;

const libraries = [addLists, addSets, addRegex, addFormat, addQuantities, addAddresses, addAuthorizer];
let base: Environment | undefined;
const made = new Map<string, Environment>();

/** CEL as Kubernetes extends it: optional values, and its libraries for lists, sets, regular expressions, quantities, addresses and the authorizer.
 *  Source: https://kubernetes.io/docs/reference/using-api/cel/
 *  @param variables the names that expressions may use, all of dynamic type */
export function celEnvironment(variables: readonly string[]): Environment {
  const key = variables.join();
  let environment = made.get(key);
  if (environment === undefined) {
    base ??= libraries.reduce((env, add) => add(env), new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false }));
    environment = variables.reduce((env, name) => env.registerVariable(name, 'dyn'), base.clone());
    made.set(key, environment);
  }
  return environment;
}

/** Reads an expression. A fault in it is thrown whenever it is evaluated, as a policy that cannot be read fails for each request. */
export function compile(environment: Environment, text: string): Expression {
  try {
    return environment.parse(text.trim());
  } catch (error) {
    return () => { throw error as Error; };
  }
}

/** The first line of an error of CEL: what follows it is a drawing of the place. */
export function celMessage(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
