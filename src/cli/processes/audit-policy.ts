import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { AuditPolicyError, parseAuditPolicy } from '../../engine/apiserver/audit/policy.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

export const auditPolicyOption = (): Option => new Option('--audit-policy <file>', 'what the API server writes to logs/audit.log: a Policy of audit.k8s.io/v1 (default: nothing)');

/** The policy's content; undefined where none is named.
 *  @throws {UserError} when the file cannot be read or is no policy */
export function readAuditPolicy(terminal: Terminal, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const path = resolve(terminal.workingDirectory, file);
  try {
    const text = readFileSync(path, 'utf8');
    parseAuditPolicy(text);
    return text;
  } catch (error) {
    throw new UserError(error instanceof AuditPolicyError ? `${path}: ${error.message}` : `Cannot read the audit policy ${path}: ${(error as Error).message}`, { cause: error });
  }
}
