import { spawn } from 'node:child_process';
import { closeSync, copyFileSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { aborted } from '../aborted.ts';
import { countFrom } from '../count-option.ts';
import { dataOption, dataRoot } from '../data-option.ts';
import { waitFor } from '../operations/wait-for.ts';
import { auditPolicyOption } from '../processes/audit-policy.ts';
import { authenticationConfigOption } from '../processes/authentication-config.ts';
import { controllersOption, type ControllerChoice } from '../processes/controller-choice.ts';
import { podNetworkOption, readRange, runtimeOption } from '../processes/part-options.ts';
import { startCluster } from '../processes/cluster.ts';
import { hookFlags, withHooks, type HookOptions } from '../processes/hook-options.ts';
import { openDataDirectory } from '../processes/data-directory.ts';
import { readIdentity } from '../processes/part.ts';
import { isRunning } from '../processes/process-identity.ts';
import type { RuntimeName } from '../../engine/node/start.ts';
import type { PodNetworkName } from '../../engine/node/runtime/process/pod-network.ts';
import { routerOption, type RouterChoice } from '../processes/router-choice.ts';
import { supervisorFile } from '../processes/supervisor.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

interface UpOptions extends HookOptions {
  readonly data?: string;
  readonly port?: number;
  readonly kubeconfig?: string;
  readonly detach?: boolean;
  readonly router: RouterChoice;
  readonly nodes: number;
  readonly controllers: ControllerChoice;
  readonly runtime: RuntimeName;
  readonly auditPolicy?: string;
  readonly authenticationConfig?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly podNetwork?: PodNetworkName;
}

const DETACHED_DEADLINE_MS = 90_000;
const READY_LINE = 'Aweigh is ready';

export function upCommand(terminal: Terminal): Command {
  return withHooks(new Command('up').description('start the embedded cluster, or take over what runs of it; Ctrl-C stops it and its pods'))
    .addOption(dataOption())
    .option('--port <n>', "the API server's port on 127.0.0.1 (default: the one it had before, else a free one)", readPort)
    .option('--kubeconfig <file>', 'write the kubeconfig there too')
    .option('--detach', 'go to the background when ready; stop it with aweigh down')
    .addOption(routerOption())
    .addOption(controllersOption())
    .addOption(runtimeOption())
    .addOption(auditPolicyOption())
    .addOption(authenticationConfigOption())
    .option('--nodes <n>', 'nodes to register', countFrom(1), 2)
    .option('--pod-cidr <range>', 'addresses of pods (default: loopback); others become local routes, which needs root or a network namespace', readRange)
    .option('--service-cidr <range>', 'addresses of Services (default: loopback), likewise', readRange)
    .addOption(podNetworkOption())
    .action((options: UpOptions) => (options.detach === true ? detach(terminal, options) : foreground(terminal, options)));
}

export function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('Ports are 1 to 65535.');
  return port;
}

async function foreground(terminal: Terminal, options: UpOptions): Promise<void> {
  const cluster = await startCluster(terminal, { root: dataRoot(terminal, options.data), port: options.port, router: options.router, nodes: options.nodes, runtime: options.runtime, hooks: options, ranges: { pods: options.podCidr, services: options.serviceCidr, podNetwork: options.podNetwork }, controllers: options.controllers, auditPolicy: options.auditPolicy, authenticationConfig: options.authenticationConfig });
  try {
    const kubeconfig = options.kubeconfig === undefined ? cluster.data.kubeconfig : resolve(terminal.workingDirectory, options.kubeconfig);
    if (kubeconfig !== cluster.data.kubeconfig) copyFileSync(cluster.data.kubeconfig, kubeconfig);
    terminal.out.write(`${READY_LINE}: https://127.0.0.1:${cluster.port}, router ${cluster.router}, kubeconfig ${kubeconfig}\n`);
    await aborted(terminal.signal);
    terminal.err.write('Stopping the pods, then the cluster\n');
  } finally {
    await cluster.stop();
  }
}

async function detach(terminal: Terminal, options: UpOptions): Promise<void> {
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const holder = readIdentity(supervisorFile(data));
  if (holder !== undefined && isRunning(holder)) throw new UserError(`The data directory ${data.root} is in use by process ${holder.pid}: stop it with 'aweigh down --data ${data.root}', or name another directory with --data DIR.`);
  const file = join(data.logs, 'up.log');
  const output = openSync(file, 'w', 0o600);
  const [program, ...args] = terminal.program;
  const child = spawn(program, [...args, 'up', '--data', data.root, ...flagsOf(options), ...hookFlags(terminal, options)], { detached: true, stdio: ['ignore', output, output], env: terminal.env, cwd: terminal.workingDirectory });
  closeSync(output);
  let ended = false;
  child.on('exit', () => { ended = true; });
  const line = await waitFor(`the cluster; its log is ${file}`, { clock: terminal.clock, deadlineMs: DETACHED_DEADLINE_MS, signal: terminal.signal }, () => {
    const text = readFileSync(file, 'utf8');
    const ready = text.split('\n').find((l) => l.startsWith(READY_LINE));
    if (ready === undefined && ended) throw new UserError(text.trim().replace(/^aweigh: /, '') || `The cluster did not start: see ${file}`);
    return ready;
  });
  child.unref();
  terminal.out.write(`${line}\n`);
}

/** What was chosen, for the process that goes to the background. */
function flagsOf(options: UpOptions): string[] {
  const flags = {
    '--router': options.router, '--nodes': options.nodes, '--runtime': options.runtime, '--port': options.port, '--kubeconfig': options.kubeconfig, '--controllers': options.controllers, '--audit-policy': options.auditPolicy, '--authentication-config': options.authenticationConfig,
    '--pod-cidr': options.podCidr, '--service-cidr': options.serviceCidr, '--pod-network': options.podNetwork,
  };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
}
