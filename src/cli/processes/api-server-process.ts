import { aborted } from '../aborted.ts';
import { dataRoot } from '../data-option.ts';
import type { Terminal } from '../terminal.ts';
import { addressRanges } from './address-ranges.ts';
import { startDataApiServer } from './api-server.ts';
import { readAuditPolicy } from './audit-policy.ts';
import { readAuthenticationConfig } from './authentication-config.ts';
import { openDataDirectory } from './data-directory.ts';
import type { PartOptions } from './part-options.ts';

export async function runApiServerProcess(terminal: Terminal, options: PartOptions & { auditPolicy?: string; authenticationConfig?: string }): Promise<void> {
  const { clock, log, random, signal } = terminal;
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const auditPolicy = readAuditPolicy(terminal, options.auditPolicy);
  const authentication = readAuthenticationConfig(terminal, options.authenticationConfig);
  const server = await startDataApiServer({ data, ...(auditPolicy !== undefined && { auditPolicy }), ...(authentication !== undefined && { authentication }), port: options.port, serviceCidr: (await addressRanges(data.root, random)).services, clock, log, random });
  terminal.out.write(`${server.url} answers, kubeconfig ${data.kubeconfig}\n`);
  await aborted(signal);
  await server.close();
}
