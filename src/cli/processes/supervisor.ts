import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { keptPods, killLeftProcesses } from '../../engine/node/runtime/process/left-processes.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { UserError } from '../user-error.ts';
import { writeAtomically, type DataDirectory } from './data-directory.ts';
import { withPartFlags } from './node-flags.ts';
import { Part, readIdentity } from './part.ts';
import { identify, isRunning } from './process-identity.ts';

export interface SupervisorOptions {
  readonly data: DataDirectory;
  /** Program and first arguments that start this Aweigh; the part's name and flags follow. */
  readonly program: readonly [string, ...string[]];
  readonly port: number;
  /** More flags for one part. */
  readonly flags?: Readonly<Partial<Record<PartName, readonly string[]>>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type PartName = 'control-plane' | 'node' | 'network';

/** Pods get their grace period, and some more to be counted out. */
const POD_STOP_MS = 60_000;
const STOP_MS = 10_000;

export interface Supervisor {
  pids(): Readonly<Record<PartName, number | undefined>>;
  /** Why a part cannot run until a person has helped; undefined: nothing is wrong. */
  fault(): string | undefined;
  /** Stops the pods, then everything else. */
  stop(): Promise<void>;
}

/** Runs the processes of a cluster; the network twice, on the same ports, so that a new connection finds one of them when the other dies. Only one supervisor a data directory; parts that outlived an earlier one are taken over. */
export function startSupervisor(options: SupervisorOptions): Supervisor {
  const { data } = options;
  claim(data);
  const part = (name: PartName, instance: string = name): Part => new Part({
    name: instance, data, clock: options.clock, log: options.log, env: options.env,
    command: [...withPartFlags(options.program), name, '--data', data.root, '--port', String(options.port), ...(options.flags?.[name] ?? [])],
  });
  const controlPlane = part('control-plane'), node = part('node'), network = part('network'), standby = part('network', 'network-standby');
  for (const p of [controlPlane, network, standby, node]) p.start();
  return {
    pids: () => ({ 'control-plane': controlPlane.pid, node: node.pid, network: network.pid }),
    fault: () => [controlPlane, network, standby, node].find((p) => p.fault !== undefined)?.fault,
    async stop() {
      // Controllers go first: they would start anew what the node stops.
      await controlPlane.stop('SIGTERM', STOP_MS);
      await node.stop('SIGTERM', POD_STOP_MS);
      await stopLeftPods(options);
      await Promise.all([network, standby].map((p) => p.stop('SIGTERM', STOP_MS)));
      rmSync(supervisorFile(data), { force: true });
    },
  };
}

/** Pods that no node process was there to stop: it had died, or did not end in time. */
export async function stopLeftPods({ clock, data, log }: Pick<SupervisorOptions, 'clock' | 'data' | 'log'>): Promise<void> {
  await killLeftProcesses(keptPods(data.node), clock, (pids) => log.warn({ pids }, 'Pods killed: no node process stopped them'));
}

export const supervisorFile = (data: Pick<DataDirectory, 'run'>): string => join(data.run, 'supervisor.json');

/** @throws {UserError} where another process supervises the cluster */
export function checkUnsupervised(data: DataDirectory): void {
  const holder = readIdentity(supervisorFile(data));
  if (holder !== undefined && holder.pid !== process.pid && isRunning(holder)) {
    throw new UserError(`The data directory ${data.root} is in use by process ${holder.pid}: stop it with 'aweigh down --data ${data.root}', or name another directory with --data DIR.`);
  }
}

function claim(data: DataDirectory): void {
  checkUnsupervised(data);
  writeAtomically(supervisorFile(data), JSON.stringify(identify(process.pid)));
}

/** The port of the API, kept so that a kubeconfig stays true from start to start. */
export function rememberedPort(data: DataDirectory): number | undefined {
  const file = join(data.root, 'port');
  if (!existsSync(file)) return undefined;
  const port = Number(readFileSync(file, 'utf8'));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

export function rememberPort(data: DataDirectory, port: number): void {
  writeAtomically(join(data.root, 'port'), `${port}\n`);
}
