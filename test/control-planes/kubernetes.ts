import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { makeDefaultStorageClass } from '../../src/cli/processes/default-storage-class.ts';
import { openDataDirectory } from '../../src/cli/processes/data-directory.ts';
import { Part } from '../../src/cli/processes/part.ts';
import { createClient } from '../../src/client/https-client.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { aweigh, AWEIGH, eventually, run, succeeded } from '../e2e/command-line.ts';
import { kubectlBinary } from '../e2e/kubectl-binary.ts';
import { ownNetwork } from '../e2e/network-namespace.ts';
import type { ClusterOptions, ClusterProcess, ControlPlane } from './control-plane.ts';
import { INSTALL_FLAGS, packControllersImage } from './installation.ts';
import { KubernetesPrograms, nodeIp, podCidr, serviceCidr } from './kubernetes-programs.ts';

const SYSTEM = 'aweigh-system';
const STOP_MS = 60_000;

/** Kubernetes's own etcd, API server, controller manager and scheduler, with Aweigh's node and network beside them, and Aweigh's controllers as `aweigh install` brings them. It needs a network of its own. */
export class KubernetesControlPlane implements ControlPlane {
  readonly controllers = 'controllers';
  readonly #data: string;
  readonly #options: ClusterOptions;
  #programs: KubernetesPrograms | undefined;
  /** By name; the network twice, as `aweigh up` has it. */
  #parts: readonly (readonly [string, Part])[] = [];

  constructor(data: string, options: ClusterOptions) {
    this.#data = data;
    this.#options = options;
  }

  async up(): Promise<void> {
    const data = openDataDirectory(this.#data);
    this.#programs = await KubernetesPrograms.start(ownNetwork, join(this.#data, 'kubernetes'), join(this.#data, 'pki'));
    copyFileSync(this.#programs.kubeconfig, data.kubeconfig);
    const { faults } = this.#options;
    const env = { ...process.env, PATH: [dirname(process.execPath), process.env['PATH'], '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter), AWEIGH_BIN: AWEIGH.join(' '), ...(faults !== undefined && { AWEIGH_FAULTS: faults }) };
    const part = (name: string, command: 'node' | 'network', ...flags: string[]): [string, Part] => [name, new Part({
      name, data, clock: systemClock, log: silentLogger, env,
      command: [...AWEIGH, command, '--data', data.root, '--kubeconfig', data.kubeconfig, '--service-cidr', serviceCidr, '--node-ip', nodeIp, ...flags],
    })];
    // Tests kill what runs in pods more often than a kubelet's patience lasts.
    this.#parts = [part('network', 'network'), part('network-standby', 'network'), part('node', 'node', '--nodes', '2', '--pod-cidr', podCidr, '--max-container-restart-period', '1')];
    for (const [, p] of this.#parts) p.start();
    await eventually('two ready nodes', async () => ((await this.#kubectl('get', 'nodes', '-o', `jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`)) === 'True True' ? true : undefined));
    const client = createClient(await loadKubeconfig(data.kubeconfig));
    await makeDefaultStorageClass(client).finally(() => client.close());
    await packControllersImage(this.#data);
    if (this.#options.bare !== true) await this.#install();
  }

  async down(): Promise<void> {
    const parts = this.#parts.toReversed();
    this.#parts = [];
    for (const [, part] of parts) await part.stop('SIGTERM', STOP_MS);
    await this.#programs?.stop();
  }

  async pid(of: ClusterProcess): Promise<number> {
    const pid = of === 'controllers' ? await eventually('a process of the controllers', () => controllersOf(this.#data)) : this.#parts.find(([name]) => name === of)?.[1].pid;
    if (pid === undefined) throw new Error(`No ${of} process runs`);
    return pid;
  }

  /** In the volume of the pod that leads. */
  async record(): Promise<string> {
    return (await this.#kubectl('-n', SYSTEM, 'exec', 'deployment/aweigh-controllers', '--', 'sh', '-c', 'echo "$POD_ROOT/var/lib/aweigh/record"')).trim();
  }

  async #install(): Promise<void> {
    const { router = 'haproxy', faults } = this.#options;
    await succeeded(aweigh(['install', '--data', this.#data, ...INSTALL_FLAGS, '--router', router, ...(faults === undefined ? [] : ['--no-wait'])]));
    if (faults === undefined) return;
    await this.#kubectl('-n', SYSTEM, 'set', 'env', 'deployment/aweigh-controllers', `AWEIGH_FAULTS=${faults}`);
    await this.#kubectl('-n', SYSTEM, 'rollout', 'status', 'deployment/aweigh-controllers', '--timeout=120s');
  }

  async #kubectl(...args: string[]): Promise<string> {
    return (await succeeded(run(kubectlBinary(), ['--kubeconfig', join(this.#data, 'kubeconfig'), ...args]))).out;
  }
}

/** The process of a pod whose record stands below the folder; undefined while there is none. */
function controllersOf(data: string): number | undefined {
  const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find((pid) => {
    const words = commandLine(pid);
    return words.includes('controllers') && words.some((word) => word.startsWith(data));
  });
  return found === undefined ? undefined : Number(found);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It ended meanwhile.
    return [];
  }
}
