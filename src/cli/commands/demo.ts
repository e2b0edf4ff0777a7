import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { removeTree } from '../../engine/images/remove-tree.ts';
import { sharedInformers } from '../../runtime/run-controllers.ts';
import { aborted } from '../aborted.ts';
import { countFrom } from '../count-option.ts';
import { dataOption, dataRoot } from '../data-option.ts';
import { isWell, runDemo, type DemoResult } from '../demo/demo.ts';
import { EXIT } from '../exit-code.ts';
import { buildImage } from '../operations/build-image.ts';
import { startCluster, type Cluster } from '../processes/cluster.ts';
import { routerOption, type RouterChoice } from '../processes/router-choice.ts';
import { packageRoot } from '../program.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { bitmovinCommand } from './demo-bitmovin.ts';
import { readPort } from './up.ts';

interface DemoCommandOptions {
  readonly once?: boolean;
  readonly output: 'text' | 'json';
  readonly rate: number;
  readonly router: RouterChoice;
  readonly data?: string;
  readonly port?: number;
}

/** What `npm start` runs. */
export function demoCommand(terminal: Terminal): Command {
  const command = new Command('demo').description('the main job on the example account-service: v1.17.0 into production, then v1.18.0 from internal to production under load')
    .option('--once', 'end when the release has ended; exit code 3 where not all is well')
    .addOption(new Option('-o, --output <format>', 'json: the last line is the result').choices(['text', 'json']).default('text'))
    .option('--rate <n>', 'requests a second', countFrom(1), 300)
    .option('--port <n>', "the API server's port", readPort)
    .addOption(dataOption().default(undefined, 'a new directory that goes with the cluster'))
    .addOption(routerOption())
    .enablePositionalOptions()
    .action((options: DemoCommandOptions) => run(terminal, options));
  return command.addCommand(bitmovinCommand(terminal));
}

async function run(terminal: Terminal, options: DemoCommandOptions): Promise<void> {
  const root = options.data === undefined ? mkdtempSync(join(tmpdir(), 'aweigh-')) : dataRoot(terminal, options.data);
  try {
    await runIn(terminal, options, root);
  } finally {
    if (options.data === undefined) await removeTree(root);
  }
}

async function runIn(terminal: Terminal, options: DemoCommandOptions, root: string): Promise<void> {
  const startedAt = terminal.clock.now();
  terminal.out.write(`Starting a cluster in ${root}\n`);
  const cluster = await startCluster(terminal, { root, port: options.port, router: options.router, nodes: 2 });
  try {
    terminal.out.write(`Ready in ${((terminal.clock.now() - startedAt) / 1_000).toFixed(1)} s; the routers are ${cluster.router === 'haproxy' ? 'HAProxy' : "Aweigh's own (no haproxy is used)"}\n`);
    const { result, examples, gitLog } = await play(terminal, options, cluster, root);
    for (const example of examples) terminal.err.write(`${example}\n`);
    terminal.out.write(`\nThe record (git log):\n${gitLog}\n${summary(result, terminal.clock.now() - startedAt)}\nkubeconfig ${cluster.data.kubeconfig}\n`);
    if (options.once !== true) {
      terminal.out.write(`The cluster stays until Ctrl-C. Look around: kubectl --kubeconfig ${cluster.data.kubeconfig} get applications,pods\n`);
      await aborted(terminal.signal);
    }
    if (options.output === 'json') terminal.out.write(`${JSON.stringify(result)}\n`);
    if (options.once === true && !isWell(result)) throw new UserError('Not all is well: see the numbers above', { exitCode: EXIT.unwell });
  } finally {
    if (terminal.signal.aborted) terminal.err.write('Stopping the pods, then the cluster\n');
    await cluster.stop();
  }
}

async function play(terminal: Terminal, options: DemoCommandOptions, cluster: Cluster, root: string): Promise<Awaited<ReturnType<typeof runDemo>>> {
  const { clock, random, log, out, env, program } = terminal;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, terminal.signal]);
  try {
    return await runDemo({
      client: cluster.client, informer: sharedInformers({ client: cluster.client, clock, random, log, signal }), example: join(packageRoot(), 'examples', 'account-service'),
      buildImage: (folder, tag) => buildImage(cluster.data.images, folder, tag), loadCommand: [program[0], ...program.slice(1), 'load'], env,
      requestsPerSecond: options.rate, workDirectory: root, recordDirectory: cluster.data.record, out, clock, signal,
    });
  } finally {
    stop.abort();
  }
}

function summary(result: DemoResult, elapsedMs: number): string {
  const longest = Math.max(0, ...result.switchIntervalsMs);
  return [
    ...result.releases.map((r) => `${r.build}: ${r.phase} in ${r.seconds.toFixed(0)} s`),
    `${result.requests} requests: ${result.failed} failed, ${result.misrouted} misrouted, ${result.cohortChanges} users changed cohort`,
    `${result.switchIntervalsMs.length} switches on all routers, the longest took ${longest} ms`,
    `${result.recordCommits} commits, ${result.pods} pods, ${(elapsedMs / 1_000).toFixed(0)} s in all`,
  ].join('\n');
}
