import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { AuthenticationConfigError, parseAuthenticationConfig, type AuthenticationConfig } from '../../engine/apiserver/auth/authentication-config.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

export const authenticationConfigOption = (): Option => new Option('--authentication-config <file>', 'who else may come in: an AuthenticationConfiguration of apiserver.config.k8s.io/v1 with OpenID Connect issuers and anonymous requests (default: nobody)');

/** Undefined where no file is named.
 *  @throws {UserError} when the file cannot be read or is no such configuration */
export function readAuthenticationConfig(terminal: Terminal, file: string | undefined): AuthenticationConfig | undefined {
  if (file === undefined) return undefined;
  const path = resolve(terminal.workingDirectory, file);
  try {
    return parseAuthenticationConfig(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(error instanceof AuthenticationConfigError ? `${path}: ${error.message}` : `Cannot read the authentication configuration ${path}: ${(error as Error).message}`, { cause: error });
  }
}
