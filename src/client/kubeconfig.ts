import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Connection } from './connection.ts';

interface NamedEntry<T> {
  readonly name: string;
  readonly cluster?: T;
  readonly user?: T;
  readonly context?: T;
}

interface ClusterEntry {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
}

interface UserEntry {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly exec?: unknown;
  readonly 'auth-provider'?: unknown;
}

interface ContextEntry {
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string;
}

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly clusters?: readonly NamedEntry<ClusterEntry>[];
  readonly users?: readonly NamedEntry<UserEntry>[];
  readonly contexts?: readonly NamedEntry<ContextEntry>[];
}

/** Reads a kubeconfig file. `contextName` absent: its current context.
 *  @throws {Error} that names the file and what it lacks */
export async function loadKubeconfig(file: string, contextName?: string): Promise<Connection> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`The kubeconfig ${file} cannot be read; name one with --kubeconfig or KUBECONFIG`, { cause });
  });
  const parsed: unknown = parse(text);
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`The kubeconfig ${file} is not a YAML object of kind Config`);
  const config = parsed as Kubeconfig;
  const name = contextName ?? config['current-context'] ?? config.contexts?.[0]?.name;
  const context = config.contexts?.find((c) => c.name === name)?.context;
  if (context === undefined) throw new Error(`The kubeconfig ${file} has no context '${name ?? ''}'; it has: ${config.contexts?.map((c) => c.name).join(', ') || 'none'}`);
  const cluster = config.clusters?.find((c) => c.name === context.cluster)?.cluster;
  if (cluster?.server === undefined) throw new Error(`The kubeconfig ${file} gives no server for cluster '${context.cluster}'`);
  const user = config.users?.find((u) => u.name === context.user)?.user ?? {};

  const pem = async (data: string | undefined, path: string | undefined): Promise<string | undefined> => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString();
    return path === undefined ? undefined : readFile(resolve(dirname(file), path), 'utf8');
  };
  const tokenFile = user.tokenFile === undefined ? undefined : resolve(dirname(file), user.tokenFile);
  return {
    server: cluster.server,
    caPem: await pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
    insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'],
    tlsServerName: cluster['tls-server-name'],
    clientCertificatePem: await pem(user['client-certificate-data'], user['client-certificate']),
    clientKeyPem: await pem(user['client-key-data'], user['client-key']),
    token: user.token,
    authorize: authorizer(user, tokenFile, text, name!),
    namespace: context.namespace ?? 'default',
  };
}

/** Credentials that change while the process runs. The auth plugins of @kubernetes/client-node are loaded only where a user needs them: they cost 135 MB. */
function authorizer(user: UserEntry, tokenFile: string | undefined, kubeconfig: string, context: string): Connection['authorize'] {
  if (user.exec !== undefined || user['auth-provider'] !== undefined) {
    let loading: Promise<{ applyToHTTPSOptions(options: { headers: Record<string, string> }): Promise<void> }> | undefined;
    return async () => {
      loading ??= import('@kubernetes/client-node').then(({ KubeConfig }) => {
        const config = new KubeConfig();
        config.loadFromString(kubeconfig);
        config.setCurrentContext(context);
        return config as never;
      });
      const options = { headers: {} as Record<string, string> };
      await (await loading).applyToHTTPSOptions(options);
      return options.headers;
    };
  }
  if (tokenFile !== undefined) return async () => ({ authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` });
  if (user.username !== undefined) return async () => ({ authorization: `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}` });
  return undefined;
}
