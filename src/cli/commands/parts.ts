import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Command, Option } from 'commander';
import { createClient } from '../../client/https-client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import type { Client } from '../../client/client.ts';
import { startNode } from '../../engine/node/start.ts';
import { CertificateAuthority } from '../../engine/apiserver/certificates/authority.ts';
import { startNetwork } from '../../engine/network/start.ts';
import type { Notifier } from '../../controllers/health/notifier.ts';
import { emailNotifier } from '../../providers/notify/email.ts';
import { slackNotifier } from '../../providers/notify/slack.ts';
import { webhookNotifier } from '../../providers/notify/webhook.ts';
import { startBuiltinRouter } from '../../providers/traffic/builtin/start.ts';
import { TLS_DIR } from '../../providers/traffic/router-layout.ts';
import { dataOption, dataRoot } from '../data-option.ts';
import { addressRanges } from '../processes/address-ranges.ts';
import { chooseRouter, type RouterChoice } from '../processes/cluster.ts';
import { runControlPlane, startDataApiServer } from '../processes/control-plane.ts';
import { openDataDirectory, type DataDirectory } from '../processes/data-directory.ts';
import type { Terminal } from '../terminal.ts';
import { aborted, routerOption } from './up.ts';

interface PartOptions {
  readonly data?: string;
  readonly port: number;
}

interface NodePartOptions extends PartOptions {
  readonly nodes: number;
  readonly runtime: 'process' | 'simulated';
}

/** The processes of a cluster, each a command of its own; `aweigh up` runs them. */
export function partCommands(terminal: Terminal): Command[] {
  const part = (name: string, description: string): Command => new Command(name).description(description).addOption(dataOption()).requiredOption('--port <n>', "the API server's port", Number);
  return [
    part('control-plane', "API server, Kubernetes's controllers, scheduler and Aweigh's controllers").addOption(routerOption())
      .option('--faults <file>', 'kills this process where the file says; for tests')
      .action((options: PartOptions & { router: RouterChoice; faults?: string }) => controlPlane(terminal, options)),
    part('apiserver', 'API server and store alone').action((options: PartOptions) => apiServer(terminal, options)),
    part('node', 'pods as processes: images, probes, logs').option('--nodes <n>', 'nodes to register', Number, 2)
      .addOption(new Option('--runtime <name>', 'simulated starts nothing and turns pods ready').choices(['process', 'simulated']).default('process'))
      .action((options: NodePartOptions) => runNode(terminal, options)),
    routerPart(terminal),
    part('network', 'ClusterIP proxy and DNS').action((options: PartOptions) => runNetwork(terminal, options)),
  ];
}

async function controlPlane(terminal: Terminal, options: PartOptions & { router: RouterChoice; faults?: string }): Promise<void> {
  const { clock, env, log, random, signal } = terminal;
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const ranges = await addressRanges(data.root, random);
  await runControlPlane({
    data, port: options.port, serviceCidr: ranges.services, defaultProvider: chooseRouter(options.router, env['PATH'] ?? ''), notifiers: notifiers(env),
    ...(options.faults === undefined ? {} : { faultsFile: options.faults }), clock, random, log, signal,
  });
}

async function apiServer(terminal: Terminal, options: PartOptions): Promise<void> {
  const { clock, log, random, signal } = terminal;
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const server = await startDataApiServer({ data, port: options.port, serviceCidr: (await addressRanges(data.root, random)).services, clock, log, random });
  terminal.out.write(`${server.url} answers, kubeconfig ${data.kubeconfig}\n`);
  await aborted(signal);
  await server.close();
}

/** Who is told when an Application's health is critical, and when it heals: by environment, since their addresses are secrets. */
function notifiers(env: Terminal['env']): Notifier[] {
  const slack = env['AWEIGH_SLACK_WEBHOOK'], webhook = env['AWEIGH_WEBHOOK'], smtp = env['AWEIGH_SMTP_URL'], to = env['AWEIGH_MAIL_TO'];
  return [
    ...(slack ? [slackNotifier(slack)] : []),
    ...(webhook ? [webhookNotifier(webhook)] : []),
    ...(smtp && to ? [emailNotifier({ url: smtp, from: env['AWEIGH_MAIL_FROM'] ?? 'aweigh@localhost', to: to.split(',') })] : []),
  ];
}

/** What runs in the pods of the built-in router. */
function routerPart(terminal: Terminal): Command {
  return new Command('router').description('the built-in router of one pod').requiredOption('--config <file>', 'router.json of its ConfigMap')
    .action(async ({ config }: { config: string }) => {
      const tls = join(dirname(dirname(config)), basename(TLS_DIR));
      const read = (file: string): string => readFileSync(file, 'utf8');
      const { clock, env, out, random, signal } = terminal;
      const router = await startBuiltinRouter({
        layout: JSON.parse(read(config)) as never, address: env['POD_IP'] ?? '127.0.0.1', ca: read(join(tls, 'ca.crt')), pem: read(join(tls, 'router.pem')),
        now: () => clock.now(), random, write: (text) => { out.write(text); },
      });
      await aborted(signal);
      await router.close();
    });
}

/** SIGTERM stops the pods; after a crash they run on, and the next node process takes them over. */
async function runNode(terminal: Terminal, options: NodePartOptions): Promise<void> {
  const { clock, env, log, random, signal } = terminal;
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const client = await partClient(terminal, data, options.port, data.tokens.node);
  // The API server has made it by now: partClient waits for its certificate.
  const authority = await CertificateAuthority.open(join(data.root, 'pki'), clock);
  const node = await startNode({
    kubelet: { ...(await authority.serving('kubelet', ['127.0.0.1'])), clientCaPem: authority.caPem },
    client, dataDir: data.root, podCidr: (await addressRanges(data.root, random)).pods, runtime: options.runtime, clock, log, random,
    nodeNames: Array.from({ length: options.nodes }, (_, i) => `node-${i + 1}`),
    ...(env['PATH'] === undefined ? {} : { hostPath: env['PATH'] }), podEnv: { AWEIGH_BIN: env['AWEIGH_BIN'] ?? terminal.program.join(' ') },
  });
  await aborted(signal);
  await node.stopAllPods();
  await node.close();
  client.close();
}

async function runNetwork(terminal: Terminal, options: PartOptions): Promise<void> {
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const client = await partClient(terminal, data, options.port, data.tokens.network);
  const network = await startNetwork({ client, dataDir: data.network, log: terminal.log, clock: terminal.clock, dnsPort: 0 });
  await aborted(terminal.signal);
  await network.close();
  client.close();
}

/** Waits for the certificate authority of a first start; afterwards the API server may be away. */
async function partClient({ clock, signal }: Terminal, data: DataDirectory, port: number, token: string): Promise<Client> {
  for (;;) {
    signal.throwIfAborted();
    const connection = await loadKubeconfig(data.kubeconfig).catch(() => undefined);
    if (connection?.caPem !== undefined) return createClient({ server: `https://127.0.0.1:${port}`, caPem: connection.caPem, token });
    await new Promise<void>((resolve) => clock.after(20, resolve));
  }
}
