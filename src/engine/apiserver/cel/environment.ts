import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { addAddresses } from './addresses.ts';
import { addAuthorizer } from './authorizer.ts';
import { addFormat } from './format.ts';
import { addLists } from './lists.ts';
import { addNamedFormats } from './named-formats.ts';
import { widenPresence } from './presence.ts';
import { addTwoVariables } from './two-variables.ts';
import { addUrls } from './urls.ts';
import { addVersions } from './versions.ts';
import { addQuantities } from './quantities.ts';
import { addRegex } from './regex.ts';
import { addSets } from './sets.ts';
import { metered } from './budget.ts';

/** An expression that was read; evaluating throws where CEL defines an error, such as a field that is not there. */
export type Expression = (variables: Readonly<Record<string, unknown>>) => unknown;

const libraries = [addLists, addSets, addRegex, addTwoVariables, addFormat, addNamedFormats, addQuantities, addAddresses, addUrls, addVersions, addAuthorizer];
let base: Environment | undefined;
const made = new Map<string, Environment>();

/** CEL as Kubernetes extends it: optional values, loops over two variables, and its libraries for lists, sets, regular expressions, formats, quantities, addresses, URLs, versions and the authorizer.
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

/** Reads an expression without evaluating it.
 *  @throws where it cannot be read */
export function parse(environment: Environment, text: string): ParseResult {
  return widenPresence(environment.parse(text.trim()));
}

/** Reads an expression; evaluating it counts its steps. A fault in it is thrown whenever it is evaluated, as a policy that cannot be read fails for each request. */
export function compile(environment: Environment, text: string): Expression {
  try {
    const parsed = parse(environment, text);
    return parsed.check().valid ? metered(parsed) : parsed;
  } catch (error) {
    return () => { throw error as Error; };
  }
}

/** The first line of an error of CEL: what follows it is a drawing of the place. */
export function celMessage(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
