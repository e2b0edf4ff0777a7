import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Clock } from '../../../../runtime/clock.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { ImageStore } from '../../../images/image-store.ts';
import { removeTree } from '../../../images/remove-tree.ts';
import { AddressPool } from '../address-pool.ts';
import type { PodIdentity, PodPlace, RecoveredPod, Runtime, RuntimeContainer } from '../runtime.ts';
import { commandWords, findProgram } from './command-line.ts';
import { adoptProcess, signalGroup, startProcess, type ContainerProcess, type RunRecord } from './container-process.ts';
import { containerVariables, linkVolumes } from './container-variables.ts';
import { hostNetwork, type PodNetwork } from './pod-network.ts';
import { killLeftProcesses } from './left-processes.ts';
import { bootId, membersOf, pageBytes, pidsWithEnv, proportionalBytes, readStat, ticksPerSecond } from './proc.ts';
import { openCommand, runCommand } from './run-command.ts';
import { detectSharing, enterContainer, writableLayer, type Sharing } from './writable-layer.ts';

export interface ProcessRuntimeOptions {
  /** Pods are kept in `pods/<uid>` below it. */
  readonly folder: string;
  /** What containers see where it is, whatever they mount above it: persistent volumes, and the programs that run them. */
  readonly kept: readonly string[];
  readonly images: ImageStore;
  /** Range of each node's pods, by node name. */
  readonly podCidrs: ReadonlyMap<string, string>;
  readonly hostIp: string;
  /** The Node.js that runs Aweigh: `node` in images means it. */
  readonly nodePath: string;
  readonly hostPath: string;
  /** Default: the best that this machine allows. */
  readonly sharing?: Sharing;
  /** Default: the machine's network. */
  readonly network?: PodNetwork;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the watching of adopted containers, never the containers. */
  readonly signal: AbortSignal;
}

interface PodRecord extends PodIdentity {
  readonly podIp: string;
}

interface Started {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly root: string;
  readonly sharing: Sharing;
  readonly ownNetwork: boolean;
}

/** Attempts whose logs and exit codes are kept, the current one included. */
const keptAttempts = 2;
const markWaitMs = 1_000;
const usageAgeMs = 500;
/** Above every process id that Linux gives. */
const noPid = 2 ** 30;

/** Runs containers as process groups of this machine, without any right of their own: each pod has a loopback address and a folder. */
export function processRuntime(options: ProcessRuntimeOptions): Runtime {
  const { images, clock, log } = options;
  const podsFolder = join(options.folder, 'pods');
  mkdirSync(podsFolder, { recursive: true, mode: 0o700 });
  const sharing = options.sharing ?? detectSharing(options.folder);
  const podNetwork = options.network ?? hostNetwork;
  log.debug({ sharing }, 'How containers share an image');
  const boot = bootId();
  const cursorFile = join(options.folder, 'last-addresses.json');
  const cursors = readJson<Record<string, string>>(cursorFile) ?? {};
  const pools = new Map([...options.podCidrs].map(([node, cidr]) => [node, new AddressPool(cidr, cursors[node])]));
  const pods = new Map<string, PodRecord>();
  const started = new WeakMap<RuntimeContainer, Started>();
  let usageAtMs = -Infinity;
  let groups: ReturnType<typeof membersOf> = new Map();

  const placeOf = (pod: PodRecord): PodPlace => ({ podIp: pod.podIp, hostIp: options.hostIp, folder: join(podsFolder, pod.uid) });
  const containerFolder = (uid: string, name: string, attempt: number): string => join(podsFolder, uid, 'containers', name, String(attempt));
  const markOf = (uid: string, name: string, attempt: number): string => `${uid}/${name}/${attempt}`;

  /** Finds the process of an attempt whose record was not written: this process's forerunner died between starting it and writing that down. */
  const recordOf = async (uid: string, name: string, attempt: number): Promise<RunRecord | undefined> => {
    const folder = containerFolder(uid, name, attempt);
    const record = readJson<RunRecord>(join(folder, 'run.json'));
    if (record !== undefined) return record;
    const request = readJson<{ imageDigest: string; cwd: string; startedAtMs: number }>(join(folder, 'request.json'));
    if (request === undefined) return undefined;
    for (const endMs = clock.now() + markWaitMs; ; ) {
      const leader = pidsWithEnv(`AWEIGH_CONTAINER=${markOf(uid, name, attempt)}`).find((pid) => readStat(pid)?.group === pid);
      if (leader !== undefined) {
        const found: RunRecord = { pid: leader, startTicks: readStat(leader)?.startTicks ?? '0', bootId: boot, ...request };
        writeFileSync(join(folder, 'run.json'), JSON.stringify(found), { mode: 0o600 });
        return found;
      }
      // It began and ended; which process it was matters no more.
      if (existsSync(join(folder, 'exit'))) return { pid: noPid, startTicks: '0', bootId: boot, ...request };
      if (clock.now() >= endMs) {
        // It never began.
        await removeTree(folder);
        return undefined;
      }
      await new Promise<void>((resolve) => clock.after(100, resolve));
    }
  };

  const recoverPod = async (uid: string): Promise<RecoveredPod | undefined> => {
    const pod = readJson<PodRecord>(join(podsFolder, uid, 'pod.json'));
    if (pod === undefined) {
      await removeTree(join(podsFolder, uid));
      return undefined;
    }
    pods.set(uid, pod);
    if (!pod.hostNetwork) pools.get(pod.nodeName)?.hold(pod.podIp);
    const containers: ContainerProcess[] = [];
    for (const name of list(join(podsFolder, uid, 'containers'))) {
      const attempts = list(join(podsFolder, uid, 'containers', name)).filter((n) => /^\d+$/.test(n)).map(Number).sort((a, b) => a - b);
      for (const attempt of attempts) {
        const record = await recordOf(uid, name, attempt);
        if (record === undefined) continue;
        const folder = containerFolder(uid, name, attempt);
        const container = adoptProcess({ id: `aweigh://${markOf(uid, name, attempt)}`, name, attempt, folder, bootId: boot, clock, signal: options.signal }, record);
        const place = readJson<Started>(join(folder, 'started.json'));
        if (place !== undefined) started.set(container, place);
        containers.push(container);
      }
    }
    return { pod, place: placeOf(pod), containers };
  };

  /** The words of a command that is to run beside a container and see its files. */
  const commandIn = (container: RuntimeContainer, command: readonly string[]): { readonly program: string; readonly args: readonly string[]; readonly place: Pick<Started, 'cwd' | 'env'> } | { readonly failed: string; readonly exitCode: number } => {
    const place = started.get(container);
    const { record } = container as ContainerProcess;
    if (place === undefined || container.exit !== undefined) return { failed: 'the container does not run', exitCode: 126 };
    try {
      const view = place.sharing === 'copy' ? '' : `/proc/${record.pid}/root`;
      const program = findProgram(command[0] ?? '', place.cwd, place.env['PATH']!, place.root, view);
      const [first, ...rest] = [...enterContainer(place, record.pid), program, ...command.slice(1)];
      return { program: first!, args: rest, place };
    } catch (e) {
      return { failed: e instanceof Error ? e.message : String(e), exitCode: 127 };
    }
  };

  return {
    name: 'process',
    runsPrograms: true,
    async recover() {
      return (await Promise.all(list(podsFolder).map(recoverPod))).filter((p) => p !== undefined);
    },

    placePod(pod) {
      let record = pods.get(pod.uid);
      if (record === undefined) {
        const pool = pools.get(pod.nodeName);
        if (pool === undefined) throw new Error(`Node ${pod.nodeName} has no pod range`);
        record = { ...pod, podIp: pod.hostNetwork ? options.hostIp : pool.take() };
        const folder = join(podsFolder, pod.uid);
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        if (!pod.hostNetwork) {
          cursors[pod.nodeName] = record.podIp;
          writeWhole(cursorFile, JSON.stringify(cursors));
        }
        writeWhole(join(folder, 'pod.json'), JSON.stringify(record));
        pods.set(pod.uid, record);
      }
      return Promise.resolve(placeOf(record));
    },

    image: async (reference) => images.resolve(reference),

    async start(request) {
      const { pod, name, attempt } = request;
      const image = await images.resolve(request.image.digest);
      const folder = containerFolder(pod.uid, name, attempt);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const record = pods.get(pod.uid)!;
      const network = pod.hostNetwork ? hostNetwork : podNetwork;
      await network.join(pod.uid, record.podIp);
      const networkFiles = Object.entries({ 'resolv.conf': request.resolvConf, hosts: request.hosts }).flatMap(([file, text]) => {
        if (text === undefined) return [];
        const source = join(podsFolder, pod.uid, file);
        writeFileSync(source, text, { mode: 0o644 });
        return [{ source, path: `/etc/${file}`, readOnly: false }];
      });
      const layer = await writableLayer(sharing, { root: await images.unpack(image), folder: join(folder, 'layer'), readOnly: request.readOnlyRoot === true, mounts: [...networkFiles, ...request.mounts], kept: [options.folder, ...options.kept] });
      const { root } = layer;
      const cwd = join(root, posix.resolve('/', request.workingDir ?? image.run.WorkingDir ?? '/'));
      const env = containerVariables(request, placeOf(record), { root, mark: markOf(pod.uid, name, attempt), nodePath: options.nodePath, hostPath: options.hostPath });
      const words = commandWords(request);
      const program = findProgram(words[0]!, cwd, env['PATH']!, root);
      if (!existsSync(cwd)) throw new Error(`the working directory ${request.workingDir ?? image.run.WorkingDir} is not in the image`);
      linkVolumes(request, env['POD_ROOT']!);
      const place: Started = { cwd, env, root, sharing, ownNetwork: network !== hostNetwork };
      writeFileSync(join(folder, 'started.json'), JSON.stringify(place), { mode: 0o600 });
      // Before the start: whoever finds this and no record looks for the process by its mark.
      writeWhole(join(folder, 'request.json'), JSON.stringify({ imageDigest: image.digest, cwd, startedAtMs: clock.now() }));
      const container = await startProcess({ id: `aweigh://${markOf(pod.uid, name, attempt)}`, name, attempt, folder, prefix: [...network.prefix(pod.uid), ...layer.prefix(cwd)], program, args: words.slice(1), cwd, env, imageDigest: image.digest, bootId: boot, clock });
      started.set(container, place);
      if (attempt > 0) await removeTree(join(containerFolder(pod.uid, name, attempt - 1), 'layer'));
      if (attempt >= keptAttempts) await removeTree(containerFolder(pod.uid, name, attempt - keptAttempts));
      return container;
    },

    signal(container, signal) {
      const { record } = container as ContainerProcess;
      if (container.exit === undefined && readStat(record.pid)?.startTicks === record.startTicks) signalGroup(record.pid, signal);
    },

    exec(container, command, timeoutMs) {
      const found = commandIn(container, command);
      if ('failed' in found) return Promise.resolve({ exitCode: found.exitCode, output: found.failed });
      return runCommand(found.program, found.args, { ...found.place, timeoutMs });
    },

    open(container, command, tty) {
      const found = commandIn(container, command);
      return 'failed' in found ? found : openCommand(found.program, found.args, { ...found.place, tty });
    },

    async removePod(uid) {
      const pod = pods.get(uid);
      await killLeftProcesses(new Set([uid]), clock, (pids) => log.info({ uid, pids }, 'Killing what a pod left behind'));
      await podNetwork.leave(uid);
      await removeTree(join(podsFolder, uid));
      if (pod === undefined) return;
      pods.delete(uid);
      if (!pod.hostNetwork) pools.get(pod.nodeName)?.free(pod.podIp);
    },

    ownMemoryBytes(container) {
      const { record } = container as ContainerProcess;
      return (membersOf(new Set([record.pid])).get(record.pid) ?? []).reduce((sum, m) => sum + proportionalBytes(m.pid), 0);
    },

    async rest() {
      await killLeftProcesses(new Set(pods.keys()), clock, (pids) => log.info({ pids }, 'Killing what pods left behind'));
      for (const uid of pods.keys()) await podNetwork.leave(uid);
    },

    usage(container) {
      const { record, exit } = container as ContainerProcess;
      if (exit !== undefined) return { cpuSeconds: 0, memoryBytes: 0 };
      // One look at all processes serves all containers that are asked for together.
      if (clock.now() - usageAtMs > usageAgeMs) {
        usageAtMs = clock.now();
        groups = membersOf(undefined);
      }
      const members = groups.get(record.pid) ?? [];
      return { cpuSeconds: members.reduce((sum, m) => sum + m.stat.cpuTicks, 0) / ticksPerSecond, memoryBytes: members.reduce((sum, m) => sum + m.stat.residentPages, 0) * pageBytes };
    },
  };
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
