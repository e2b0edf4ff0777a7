import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { customResourceDefinitions } from '../../api/crds.ts';
import { createClient } from '../../client/https-client.ts';
import type { Client } from '../../client/client.ts';
import { CustomResourceDefinitions, Pods } from '../../client/kinds.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { Connection } from '../../client/connection.ts';
import { inClusterConnection } from '../../client/in-cluster.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import type { PodRouterProvider } from '../../api/router/router.ts';
import { openRepository } from '../../providers/repository/git.ts';
import { runAsLeader } from '../../runtime/leader-election.ts';
import { runControllers } from '../../runtime/run-controllers.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { aweighControllers } from './aweigh-controllers.ts';
import { Faults } from './faults.ts';
import { gitEnvironment } from './git-environment.ts';
import { serveHealth } from './health-endpoint.ts';
import { hookListener, type HookOptions } from './hook-options.ts';
import { limitHeapGrowth } from './node-flags.ts';
import { sourcesOf } from './source-options.ts';

export interface ControllersOptions extends HookOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Work tree of the record. */
  readonly record: string;
  readonly router: PodRouterProvider;
  readonly routerImage?: string;
  /** Where the Lease stands that lets only one of several lead. */
  readonly leaseNamespace: string;
  /** Of this process alone while it runs; the next one after it may bear it too, and takes the Lease back at once. `pod/NAME` is a pod beside the Lease: where
   *  that is gone nobody waits for the Lease to run out. Default: machine and process id. */
  readonly leaseIdentity?: string;
  /** See {@link Faults}; only tests name one. */
  readonly faults?: string;
  /** `host:port` for a kubelet's probes; absent: none. */
  readonly healthAddress?: string;
}

/** Aweigh's own controllers on any Kubernetes API, one leader at a time. Resolves when the signal has aborted. */
export async function runControllersProcess(terminal: Terminal, options: ControllersOptions): Promise<void> {
  limitHeapGrowth();
  const { clock, env, log, random, signal } = terminal;
  const faults = new Faults(options.faults, 'controllers');
  const client = faults.client(createClient(await connectionOf(terminal, options)));
  let ready = false;
  const health = options.healthAddress === undefined ? undefined : await serveHealth(options.healthAddress, () => ready);
  const identity = options.leaseIdentity ?? `${hostname()}-${process.pid}`;
  try {
    await Promise.all(customResourceDefinitions.map((definition) => client.apply(CustomResourceDefinitions, definition, { fieldManager: 'aweigh', force: true })));
    // One that waits for the Lease is ready too: it takes over.
    ready = true;
    const isGone = (holder: string): Promise<boolean> => podIsGone(client, options.leaseNamespace, holder);
    await runAsLeader({ client, clock, random, log, signal, identity, isGone, lease: { namespace: options.leaseNamespace, name: 'aweigh-controllers' } }, async (leading) => {
      const record = resolve(terminal.workingDirectory, options.record);
      const repository = await openRepository(record, { log, clock, environment: gitEnvironment(env) });
      try {
        const images = options.routerImage === undefined ? undefined : { haproxy: options.routerImage, builtin: options.routerImage };
        const factories = aweighControllers({ clock, repository, defaultProvider: options.router, faults, path: env['PATH'] ?? '', sources: sourcesOf({ directory: `${record}-sources`, environment: gitEnvironment(env), log, ...hookListener(terminal, options) }), ...(images === undefined ? {} : { images }) });
        await runControllers({ factories, client, clock, random, log, signal: leading });
      } finally {
        await repository.close();
      }
    });
  } finally {
    health?.close();
    client.close();
  }
}

/**
 * Whether the holder of a Lease is a pod that runs no more: its node has ended it, or somebody has vouched for that by deleting it by force, as for a
 * StatefulSet's pods. One on a node that is silent is still there, and so is a holder that is no pod.
 */
async function podIsGone(client: Client, namespace: string, holder: string): Promise<boolean> {
  const [kind, name] = holder.split('/');
  if (kind !== 'pod' || name === undefined) return false;
  try {
    const { status } = await client.get(Pods, { namespace, name });
    return status?.phase === 'Failed' || status?.phase === 'Succeeded';
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

/** The named kubeconfig; in a pod that names none, its own cluster. */
async function connectionOf({ env, workingDirectory }: Terminal, { kubeconfig, context }: ControllersOptions): Promise<Connection> {
  const file = kubeconfig ?? env['KUBECONFIG'];
  const connection = file === undefined ? await inClusterConnection(env) : await loadKubeconfig(resolve(workingDirectory, file), context);
  if (connection === undefined) throw new UserError('No cluster is named: give --kubeconfig FILE, or set KUBECONFIG');
  return connection;
}
