import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { createClient } from '../../client/https-client.ts';
import type { Client } from '../../client/client.ts';
import { CustomResourceDefinitions, Nodes } from '../../client/kinds.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import { EXIT } from '../exit-code.ts';
import type { RuntimeName } from '../../engine/node/start.ts';
import { waitFor } from '../operations/wait-for.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { claimRanges, closeRoutes, localRanges, openRoutes, type AddressRanges } from './address-ranges.ts';
import { readAuditPolicy } from './audit-policy.ts';
import { readAuthenticationConfig } from './authentication-config.ts';
import type { ControllerChoice } from './controller-choice.ts';
import { openDataDirectory, type DataDirectory } from './data-directory.ts';
import { hookFlags, hookListener, type HookOptions } from './hook-options.ts';
import { readIdentity } from './part.ts';
import { isRunning } from './process-identity.ts';
import { chooseRouter, type RouterChoice } from './router-choice.ts';
import { checkUnsupervised, rememberedPort, rememberPort, startSupervisor, type PartName } from './supervisor.ts';

export interface ClusterOptions {
  readonly root: string;
  /** Absent: the one that it had before, else any free one. */
  readonly port?: number;
  readonly router: RouterChoice;
  readonly nodes: number;
  /** Default: process. */
  readonly runtime?: RuntimeName;
  /** File of an audit policy; absent: nothing is audited. */
  readonly auditPolicy?: string | undefined;
  /** File of an authentication configuration; absent: only the cluster's own users. */
  readonly authenticationConfig?: string | undefined;
  /** Default: all. */
  readonly controllers?: ControllerChoice;
  /** Where webhooks of Sources are heard. */
  readonly hooks?: HookOptions;
  /** Absent: those that it had before, else loopback ranges. */
  readonly ranges?: Partial<AddressRanges>;
}

export interface Cluster {
  readonly data: DataDirectory;
  readonly port: number;
  readonly router: 'haproxy' | 'builtin';
  readonly client: Client;
  pids(): Readonly<Record<PartName, number | undefined>>;
  stop(): Promise<void>;
}

const PARTS: readonly string[] = ['control-plane', 'node', 'network', 'network-standby'];
const READY_DEADLINE_MS = 60_000;
const APPLICATION_DEFINITION = 'applications.aweigh.dev';

/** Starts the embedded cluster, or takes over what runs of it; resolves when its API answers, its kinds are known and its nodes are ready. */
export async function startCluster(terminal: Terminal, options: ClusterOptions): Promise<Cluster> {
  const { clock, log, random } = terminal;
  const runtime = ['--runtime', options.runtime ?? 'process'];
  // Said here and now, and not by a control plane that starts again and again.
  readAuditPolicy(terminal, options.auditPolicy);
  readAuthenticationConfig(terminal, options.authenticationConfig);
  hookListener(terminal, options.hooks ?? {});
  const data = openDataDirectory(options.root);
  const env = partEnvironment(terminal);
  const router = chooseRouter(options.router, env['PATH'] ?? '');
  const adopts = partRuns(data, 'control-plane');
  const port = await choosePort(options.port, rememberedPort(data), adopts);
  rememberPort(data, port);
  checkUnsupervised(data);
  const claim = await claimRanges(data.root, random, options.ranges, PARTS.some((part) => partRuns(data, part)));
  await openRoutes(data, localRanges(claim.ranges));
  const supervisor = startSupervisor({ data, program: terminal.program, port, clock, log, env, flags: { 'control-plane': ['--router', router, '--controllers', options.controllers ?? 'all', ...runtime, ...(options.auditPolicy === undefined ? [] : ['--audit-policy', resolve(terminal.workingDirectory, options.auditPolicy)]), ...(options.authenticationConfig === undefined ? [] : ['--authentication-config', resolve(terminal.workingDirectory, options.authenticationConfig)]), ...hookFlags(terminal, options.hooks ?? {})], node: ['--nodes', String(options.nodes), ...runtime] } });
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    claim.close();
    await closeRoutes(data);
  };
  try {
    const client = await ready(terminal, data, port, options.nodes, () => { const fault = supervisor.fault(); if (fault !== undefined) throw new UserError(fault, { exitCode: EXIT.unusable }); });
    return { data, port, router, client, pids: supervisor.pids, stop: async () => { client.close(); await stop(); } };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Pods of the process runtime find this Node.js, this Aweigh and Debian's haproxy. */
function partEnvironment({ env, program }: Terminal): Record<string, string | undefined> {
  const path = [dirname(process.execPath), ...(env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return { ...env, PATH: [...new Set(path.filter((folder) => folder !== ''))].join(delimiter), AWEIGH_BIN: env['AWEIGH_BIN'] ?? program.join(' ') };
}

function partRuns(data: DataDirectory, name: string): boolean {
  const identity = readIdentity(join(data.run, `${name}.json`));
  return identity !== undefined && isRunning(identity);
}

async function choosePort(wanted: number | undefined, remembered: number | undefined, adopts: boolean): Promise<number> {
  if (adopts && remembered !== undefined) {
    if (wanted !== undefined && wanted !== remembered) throw new UserError(`This cluster's API server runs on port ${remembered}: leave --port away, or stop it first with 'aweigh down'`);
    return remembered;
  }
  if (wanted !== undefined) {
    if ((await freePort(wanted)) === undefined) throw new UserError(`Port ${wanted} of 127.0.0.1 is in use: choose another with --port, or leave the flag away for a free one`);
    return wanted;
  }
  const port = (remembered === undefined ? undefined : await freePort(remembered)) ?? (await freePort(0));
  if (port === undefined) throw new UserError('No free port on 127.0.0.1: stop a program that listens, then start again');
  return port;
}

function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

/** @param check throws when waiting is in vain */
async function ready(terminal: Terminal, data: DataDirectory, port: number, nodes: number, check: () => void): Promise<Client> {
  const wait = { clock: terminal.clock, deadlineMs: READY_DEADLINE_MS, signal: terminal.signal, intervalMs: 25 };
  const log = (part: PartName): string => `; its log is ${join(data.logs, `${part}.log`)}`;
  const client = await waitFor(`the API server${log('control-plane')}`, wait, async () => {
    check();
    if (!existsSync(data.kubeconfig)) return undefined;
    const connection = await loadKubeconfig(data.kubeconfig).catch(() => undefined);
    // A kubeconfig of an earlier start may name another port.
    if (connection === undefined || new URL(connection.server).port !== String(port)) return undefined;
    const candidate = createClient(connection);
    const answer = await candidate.raw('GET', '/readyz').catch(() => undefined);
    if (answer?.status === 200) return candidate;
    candidate.close();
    return undefined;
  });
  await waitFor(`the aweigh.dev kinds${log('control-plane')}`, wait, async () => {
    const definition = await client.get(CustomResourceDefinitions, { name: APPLICATION_DEFINITION }).catch(() => undefined);
    return definition?.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') === true ? true : undefined;
  });
  await waitFor(`${nodes} ready nodes${log('node')}`, wait, async () => {
    const list = await client.list(Nodes).catch(() => undefined);
    const up = list?.items.filter((n) => n.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')).length ?? 0;
    return up >= nodes ? true : undefined;
  });
  return client;
}
