import type { RuntimeName } from '../../engine/node/start.ts';
import { dataRoot } from '../data-option.ts';
import type { Terminal } from '../terminal.ts';
import { addressRanges } from './address-ranges.ts';
import { readAuditPolicy } from './audit-policy.ts';
import { readAuthenticationConfig } from './authentication-config.ts';
import { runControlPlane } from './control-plane.ts';
import type { ControllerChoice } from './controller-choice.ts';
import { openDataDirectory } from './data-directory.ts';
import { gitEnvironment } from './git-environment.ts';
import { hookListener, type HookOptions } from './hook-options.ts';
import type { PartOptions } from './part-options.ts';
import { chooseRouter, type RouterChoice } from './router-choice.ts';

export async function runControlPlaneProcess(terminal: Terminal, options: PartOptions & { router: RouterChoice; runtime: RuntimeName; controllers: ControllerChoice; faults?: string; auditPolicy?: string; authenticationConfig?: string } & HookOptions): Promise<void> {
  const { clock, env, log, random, signal } = terminal;
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const ranges = await addressRanges(data.root, random);
  const auditPolicy = readAuditPolicy(terminal, options.auditPolicy);
  const authentication = readAuthenticationConfig(terminal, options.authenticationConfig);
  await runControlPlane({
    data, ...(auditPolicy !== undefined && { auditPolicy }), ...(authentication !== undefined && { authentication }), port: options.port, controllers: options.controllers, serviceCidr: ranges.services, defaultProvider: chooseRouter(options.router, env['PATH'] ?? ''), gitEnvironment: gitEnvironment(env), simulated: options.runtime === 'simulated',
    ...hookListener(terminal, options),
    ...(options.faults === undefined ? {} : { faultsDirectory: options.faults }), clock, random, log, signal,
  });
}
