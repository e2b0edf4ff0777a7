import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { Applications } from '../../api/kinds.ts';
import { hasEnded } from '../../api/release/release.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/https-client.ts';
import { Nodes, Pods, Services } from '../../client/kinds.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import { removeTree } from '../../engine/images/remove-tree.ts';
import type { RuntimeName } from '../../engine/node/start.ts';
import { sharedInformers } from '../../runtime/run-controllers.ts';
import { aborted } from '../aborted.ts';
import { applyServices, FIRST_VERSION, NAMESPACE, nextVersion, progressText, releaseAll, serviceNames, withoutBuild, type InstallationOptions, type ReleasesResult } from '../bitmovin/installation.ts';
import { processUsage, type ProcessUsage } from '../bitmovin/process-usage.ts';
import { Traffic, type TrafficResult } from '../bitmovin/traffic.ts';
import { Screen } from '../demo/screen.ts';
import { countFrom } from '../count-option.ts';
import { dataOption, dataRoot } from '../data-option.ts';
import { EXIT } from '../exit-code.ts';
import { readHealth } from '../health/read-health.ts';
import { buildImage } from '../operations/build-image.ts';
import { waitFor } from '../operations/wait-for.ts';
import { startCluster } from '../processes/cluster.ts';
import { openDataDirectory, type DataDirectory } from '../processes/data-directory.ts';
import { readIdentity } from '../processes/part.ts';
import { runtimeOption } from '../processes/part-options.ts';
import { isRunning } from '../processes/process-identity.ts';
import { routerOption, type RouterChoice } from '../processes/router-choice.ts';
import { supervisorFile } from '../processes/supervisor.ts';
import { packageRoot } from '../program.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

interface BitmovinOptions {
  readonly runtime: RuntimeName;
  readonly services: number;
  readonly releases: number;
  readonly rate: number;
  readonly router: RouterChoice;
  readonly data?: string;
  readonly once?: boolean;
  readonly output: 'text' | 'json';
}

/** What one run did and what the machine took for it. */
interface BitmovinResult {
  readonly runtime: RuntimeName;
  readonly services: number;
  readonly kubernetesServices: number;
  readonly pods: number;
  readonly startSeconds?: number;
  /** Absent: all services were there. */
  readonly install?: ReleasesResult;
  readonly concurrent: ReleasesResult;
  readonly traffic?: TrafficResult;
  readonly healthSeconds: number;
  readonly health: Readonly<Record<string, number>>;
  readonly processes: Readonly<Record<string, ProcessUsage>>;
}

const HEALTHY_DEADLINE_MS = 120_000;

export function bitmovinCommand(terminal: Terminal): Command {
  return new Command('bitmovin').description("Bitmovin's installation: 30 services of 24 pods; run again while it stands, it doubles")
    .addOption(runtimeOption().default('simulated' satisfies RuntimeName))
    .option('--services <n>', 'services to begin with', countFrom(1), 30)
    .option('--releases <n>', 'services released at once afterwards', countFrom(1), 5)
    .option('--rate <n>', 'requests a second in all, with --runtime process', countFrom(1), 150)
    .option('--once', 'end when all is measured, and leave nothing behind')
    .addOption(new Option('-o, --output <format>', 'json: the last line is the result').choices(['text', 'json']).default('text'))
    .addOption(dataOption().default(undefined, 'aweigh-bitmovin in the folder for temporary files'))
    .addOption(routerOption())
    .action((options: BitmovinOptions) => run(terminal, options));
}

async function run(terminal: Terminal, options: BitmovinOptions): Promise<void> {
  const root = options.data === undefined ? join(tmpdir(), 'aweigh-bitmovin') : dataRoot(terminal, options.data);
  const data = openDataDirectory(root);
  const holder = readIdentity(supervisorFile(data));
  const result = holder !== undefined && isRunning(holder) ? await double(terminal, options, data) : await begin(terminal, options, root);
  if (options.output === 'json') terminal.out.write(`${JSON.stringify(result)}\n`);
  const { failed = 0, misrouted = 0, cohortChanges = 0 } = result.traffic ?? {};
  if (failed + misrouted + cohortChanges > 0) throw new UserError('Not every request was answered as the rules say: see the numbers above', { exitCode: EXIT.unwell });
}

/** Its own cluster; it stands until Ctrl-C, or ends at once. What an earlier run left in its directory is taken up. */
async function begin(terminal: Terminal, options: BitmovinOptions, root: string): Promise<BitmovinResult> {
  const { clock, err, out } = terminal;
  const startedAt = clock.now();
  const cluster = await startCluster(terminal, { root, router: options.router, nodes: 4, runtime: options.runtime });
  try {
    const startSeconds = (clock.now() - startedAt) / 1_000;
    out.write(`The cluster is ready after ${startSeconds.toFixed(1)} s\n`);
    const { length } = (await cluster.client.list(Applications, { namespace: NAMESPACE })).items;
    const result = { startSeconds, ...(await install(terminal, options, cluster.client, cluster.data, [0, Math.max(length, options.services)])) };
    out.write(`${resultText(result)}\n`);
    if (options.once === true) return result;
    out.write(`It stands until Ctrl-C. Look at it: aweigh health --data ${root}. The same command in another terminal doubles it.\n`);
    await aborted(terminal.signal);
    return result;
  } finally {
    if (terminal.signal.aborted) err.write('Stopping the pods, then the cluster\n');
    await cluster.stop();
    if (options.once === true && options.data === undefined) await removeTree(root);
  }
}

/** As many services again as there are, in the cluster that stands. */
async function double(terminal: Terminal, options: BitmovinOptions, data: DataDirectory): Promise<BitmovinResult> {
  const client = createClient(await loadKubeconfig(data.kubeconfig));
  try {
    const { length } = (await client.list(Applications, { namespace: NAMESPACE })).items;
    if (length === 0) throw new UserError(`The cluster in ${data.root} has no services yet: wait until the first run has made them, then double it`);
    const [node] = (await client.list(Nodes)).items;
    const runtime = node?.status?.nodeInfo?.containerRuntimeVersion.startsWith('aweigh-simulated:') === true ? 'simulated' : 'process';
    const result = await install(terminal, { ...options, runtime }, client, data, [length, 2 * length]);
    terminal.out.write(`${resultText(result)}\n`);
    return result;
  } finally {
    client.close();
  }
}

async function install(terminal: Terminal, options: BitmovinOptions, client: Client, data: DataDirectory, [from, to]: readonly [number, number]): Promise<BitmovinResult> {
  const { clock, env, log, out, program, random } = terminal;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, terminal.signal]);
  const informer = sharedInformers({ client, clock, random, log, signal });
  const example = join(packageRoot(), 'examples', 'bitmovin');
  const installation: InstallationOptions = { client, informer, example, small: options.runtime === 'process', clock, signal, buildImage: (folder, tag) => buildImage(data.images, folder, tag) };
  const names = serviceNames(example, from, to), some = names.slice(0, options.releases);
  let traffic: Traffic | undefined;
  try {
    await applyServices(installation, names);
    const fresh = await withoutBuild(client, names);
    if (fresh.length < names.length) out.write(`${names.length - fresh.length} services are there from an earlier run\n`);
    const installed = fresh.length === 0 ? undefined : await release(terminal, installation, fresh, FIRST_VERSION);
    await becomeHealthy(terminal, client);
    if (options.runtime === 'process') {
      traffic = await Traffic.start({ client, informer, loadCommand: [program[0], ...program.slice(1), 'load'], env, log: join(data.root, 'requests.jsonl'), requestsPerSecond: options.rate, clock, signal }, serviceNames(example, 0, to));
      out.write(`${options.rate} requests a second go to ${to} services\n`);
    }
    const concurrent = await release(terminal, installation, some, await nextVersion(client, some), traffic);
    const judged = await traffic?.stop();
    traffic = undefined;
    await becomeHealthy(terminal, client);
    return { runtime: options.runtime, ...(installed && { install: installed }), concurrent, ...(judged && { traffic: judged }), ...(await look(terminal, client)), processes: usages(data) };
  } finally {
    traffic?.kill();
    stop.abort();
  }
}

async function release({ clock, out }: Terminal, installation: InstallationOptions, names: readonly string[], version: string, traffic?: Traffic): Promise<ReleasesResult> {
  const screen = new Screen(out), startedAt = clock.now();
  out.write(`Releasing ${version} of ${names.length} services at once\n`);
  const result = await releaseAll(installation, names, version, (releases) => {
    const { requests, failed } = traffic?.progress ?? {};
    screen.draw(`${releases.filter((r) => hasEnded(r)).length} of ${names.length} have ended\n${progressText(releases)}; ${((clock.now() - startedAt) / 1_000).toFixed(0)} s${requests === undefined ? '' : `; ${requests} requests, ${failed} failed`}`);
  });
  screen.keep();
  out.write(`${result.completed} of ${result.releases} completed after ${result.seconds.toFixed(1)} s\n`);
  return result;
}

/** The installation as it stands. */
async function look({ clock }: Terminal, client: Client): Promise<Pick<BitmovinResult, 'services' | 'kubernetesServices' | 'pods' | 'healthSeconds' | 'health'>> {
  const lookedAt = clock.now();
  const health = await readHealth({ client, now: lookedAt });
  const healthSeconds = (clock.now() - lookedAt) / 1_000;
  const [pods, services] = await Promise.all([client.list(Pods, { namespace: NAMESPACE }), client.list(Services, { namespace: NAMESPACE, labelSelector: 'aweigh.dev/application,tier in (service,router)' })]);
  return {
    services: health.services.length, kubernetesServices: services.items.length, pods: pods.items.filter((p) => p.status?.phase === 'Running').length, healthSeconds,
    health: Object.fromEntries([...Map.groupBy(health.services, (s) => s.state)].map(([state, all]) => [state, all.length])),
  };
}

/** Waits until no service is unwell. */
async function becomeHealthy({ clock, signal }: Terminal, client: Client): Promise<void> {
  let worst = 'none was seen';
  await waitFor('every service to be healthy', { clock, signal, deadlineMs: HEALTHY_DEADLINE_MS, intervalMs: 1_000 }, async () => {
    const unwell = (await readHealth({ client, now: clock.now() })).services.filter((s) => s.state !== 'healthy');
    worst = `${unwell.length} services are not: ${unwell.slice(0, 3).map((s) => s.findings[0]?.message ?? `${s.service} is ${s.state}`).join('; ')}`;
    return unwell.length === 0 ? true : undefined;
  }).catch((error: unknown) => { throw error instanceof UserError ? new UserError(`${error.message}; ${worst}`, { exitCode: error.exitCode, cause: error }) : error; });
}

function usages(data: DataDirectory): Record<string, ProcessUsage> {
  return Object.fromEntries(['control-plane', 'node', 'network', 'network-standby'].flatMap((part) => {
    const usage = processUsage(readIdentity(join(data.run, `${part}.json`))?.pid);
    return usage === undefined ? [] : [[part, usage]];
  }));
}

function resultText({ concurrent, health, healthSeconds, install: installed, kubernetesServices, pods, processes, services, startSeconds, traffic }: BitmovinResult): string {
  return [
    `${services} services, ${kubernetesServices} Services, ${pods} pods: ${Object.entries(health).map(([state, count]) => `${count} ${state}`).join(', ')} (read in ${healthSeconds.toFixed(2)} s)`,
    ...(startSeconds === undefined ? [] : [`start of the cluster ${startSeconds.toFixed(1)} s`]),
    ...(installed === undefined ? [] : [`${installed.releases} first releases at once: ${installed.seconds.toFixed(1)} s`]),
    `${concurrent.releases} concurrent releases: ${concurrent.seconds.toFixed(1)} s, the slowest ${concurrent.slowestSeconds.toFixed(1)} s`,
    ...(traffic === undefined ? [] : [
      `${traffic.requests} requests meanwhile: ${traffic.failed} failed, ${traffic.misrouted} misrouted, ${traffic.cohortChanges} users changed cohort; p50 ${traffic.p50Ms} ms, p99 ${traffic.p99Ms} ms`,
      `${traffic.switches} switches on all routers of a service, the longest took ${traffic.longestSwitchMs} ms`, ...traffic.examples,
    ]),
    ...Object.entries(processes).map(([part, { cpuSeconds, memoryMib }]) => `${part}: ${memoryMib} MiB, ${cpuSeconds.toFixed(1)} s of CPU`),
  ].join('\n');
}
