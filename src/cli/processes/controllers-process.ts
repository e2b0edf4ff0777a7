import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { customResourceDefinitions } from '../../api/crds.ts';
import { createClient } from '../../client/https-client.ts';
import { CustomResourceDefinitions } from '../../client/kinds.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import type { RouterProvider } from '../../controllers/record/router-renderer.ts';
import { openRepository } from '../../providers/repository/git.ts';
import { runAsLeader } from '../../runtime/leader-election.ts';
import { runControllers } from '../../runtime/run-controllers.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { aweighControllers } from './aweigh-controllers.ts';
import { Faults } from './faults.ts';
import { gitEnvironment } from './git-environment.ts';
import { hookListener, type HookOptions } from './hook-options.ts';
import { sourcesOf } from './source-options.ts';

export interface ControllersOptions extends HookOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Work tree of the record. */
  readonly record: string;
  readonly router: RouterProvider;
  readonly routerImage?: string;
  /** Where the Lease stands that lets only one of several lead. */
  readonly leaseNamespace: string;
}

/** Aweigh's own controllers on any Kubernetes API, one leader at a time. Resolves when the signal has aborted. */
export async function runControllersProcess(terminal: Terminal, options: ControllersOptions): Promise<void> {
  const { clock, env, log, random, signal } = terminal;
  const file = options.kubeconfig ?? env['KUBECONFIG'];
  if (file === undefined) throw new UserError('No cluster is named: give --kubeconfig FILE, or set KUBECONFIG');
  const client = createClient(await loadKubeconfig(resolve(terminal.workingDirectory, file), options.context));
  const identity = `${hostname()}-${process.pid}`;
  try {
    for (const definition of customResourceDefinitions) await client.apply(CustomResourceDefinitions, definition, { fieldManager: 'aweigh', force: true });
    await runAsLeader({ client, clock, random, log, signal, identity, lease: { namespace: options.leaseNamespace, name: 'aweigh-controllers' } }, async (leading) => {
      const record = resolve(terminal.workingDirectory, options.record);
      const repository = await openRepository(record, { log, clock, environment: gitEnvironment(env) });
      try {
        const images = options.routerImage === undefined ? undefined : { haproxy: options.routerImage, builtin: options.routerImage };
        const factories = aweighControllers({ clock, repository, defaultProvider: options.router, faults: new Faults(undefined, 'controllers'), sources: sourcesOf({ directory: `${record}-sources`, environment: gitEnvironment(env), log, ...hookListener(terminal, options) }), ...(images === undefined ? {} : { images }) });
        await runControllers({ factories, client, clock, random, log, signal: leading });
      } finally {
        await repository.close();
      }
    });
  } finally {
    client.close();
  }
}
