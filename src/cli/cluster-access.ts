import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Client } from '../client/client.ts';
import { createClient } from '../client/https-client.ts';
import { loadKubeconfig } from '../client/kubeconfig.ts';
import { dataOption, dataRoot } from './data-option.ts';
import type { Terminal } from './terminal.ts';
import { UserError } from './user-error.ts';

export interface AccessOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly data?: string;
  readonly namespace?: string;
}

export interface ClusterAccess {
  readonly client: Client;
  readonly namespace: string;
}

/** The flags that choose a cluster, on every command that talks to one. */
export function withAccess(command: Command): Command {
  return command
    .option('--kubeconfig <file>', "the cluster's kubeconfig (default: the embedded cluster's, else $KUBECONFIG)")
    .option('--context <name>', 'a context of the kubeconfig')
    .addOption(dataOption())
    .option('-n, --namespace <name>', "default: the kubeconfig's, else default");
}

/** Runs `use` with a client that is closed afterwards. */
export async function useCluster(terminal: Terminal, options: AccessOptions, use: (access: ClusterAccess) => Promise<void>): Promise<void> {
  const file = kubeconfigFile(terminal, options);
  const connection = await loadKubeconfig(file, options.context).catch((error: unknown) => {
    const message = error instanceof Error ? error.message.trim() : String(error);
    throw new UserError(message.includes(file) ? message : `The kubeconfig ${file} is not valid YAML: ${message.split('\n')[0]}`, { cause: error });
  });
  const client = createClient(connection);
  try {
    await use({ client, namespace: options.namespace ?? connection.namespace ?? 'default' });
  } finally {
    client.close();
  }
}

/** Named file, named data directory, the embedded cluster that was started here, $KUBECONFIG: the first that there is. */
function kubeconfigFile(terminal: Terminal, options: AccessOptions): string {
  if (options.kubeconfig !== undefined) return resolve(terminal.workingDirectory, options.kubeconfig);
  const embedded = join(dataRoot(terminal, options.data), 'kubeconfig');
  if (existsSync(embedded)) return embedded;
  const fromEnvironment = terminal.env['KUBECONFIG']?.split(':')[0];
  if (options.data === undefined && fromEnvironment !== undefined && fromEnvironment !== '') return resolve(terminal.workingDirectory, fromEnvironment);
  throw new UserError(`No cluster: ${embedded} does not exist. Start one with 'aweigh up', or name one with --kubeconfig FILE.`);
}
