import { Command, InvalidArgumentError, Option } from 'commander';
import type { RuntimeName } from '../../engine/node/start.ts';
import { countFrom } from '../count-option.ts';
import { dataOption } from '../data-option.ts';
import { auditPolicyOption } from '../processes/audit-policy.ts';
import { authenticationConfigOption } from '../processes/authentication-config.ts';
import { withHooks, type HookOptions } from '../processes/hook-options.ts';
import { controllersOption, type ControllerChoice } from '../processes/controller-choice.ts';
import type { ControllersOptions } from '../processes/controllers-process.ts';
import type { NodePartOptions } from '../processes/node-process.ts';
import type { NetworkPartOptions } from '../processes/network-process.ts';
import { podNetworkOption, readRange, runtimeOption, type PartOptions } from '../processes/part-options.ts';
import { routerOption, type RouterChoice } from '../processes/router-choice.ts';
import type { Terminal } from '../terminal.ts';

/** The processes of a cluster, each a command of its own; `aweigh up` runs them. Each loads only its own code: that is what makes it start fast again. */
export function partCommands(terminal: Terminal): Command[] {
  const part = (name: string, description: string): Command => new Command(name).description(description).addOption(dataOption()).requiredOption('--port <n>', "the API server's port", Number);
  const freePart = (name: string, description: string): Command => new Command(name).description(description).addOption(dataOption())
    .option('--port <n>', "the embedded API server's port", Number).option('--kubeconfig <file>', 'of any API server, instead of the port')
    .option('--service-cidr <range>', "addresses of Services (default: the data directory's)", readRange).option('--node-ip <address>', 'where nodes are reached', '127.0.0.1');
  return [
    withHooks(part('control-plane', "API server, Kubernetes's controllers, scheduler and Aweigh's controllers").addOption(routerOption()))
      .addOption(runtimeOption()).addOption(controllersOption()).addOption(auditPolicyOption()).addOption(authenticationConfigOption()).addOption(faultsOption())
      .action(async (options: PartOptions & HookOptions & { router: RouterChoice; runtime: RuntimeName; controllers: ControllerChoice; faults?: string; auditPolicy?: string }) => (await import('../processes/control-plane-process.ts')).runControlPlaneProcess(terminal, options)),
    part('apiserver', 'API server and store alone').addOption(auditPolicyOption()).addOption(authenticationConfigOption())
      .action(async (options: PartOptions & { auditPolicy?: string }) => (await import('../processes/api-server-process.ts')).runApiServerProcess(terminal, options)),
    withHooks(new Command('controllers')).description("Aweigh's controllers on any Kubernetes cluster; several may run, one leads")
      .option('--kubeconfig <file>', "the cluster's kubeconfig (default: $KUBECONFIG)").option('--context <name>', 'a context of the kubeconfig')
      .requiredOption('--record <dir>', "work tree of the record's git repository").addOption(new Option('--router <kind>', 'what `router.kind: auto` means').choices(['haproxy', 'builtin']).default('haproxy'))
      .option('--router-image <image>', 'image of the router pods; it has sh and the router on its PATH').option('--health-address <host:port>', "answer a kubelet's probes there").option('--lease-namespace <name>', 'where the Lease of the leader stands', 'default')
      .option('--lease-identity <name>', 'who leads: one that starts again under its name leads on at once, and of pod/NAME nobody waits for the Lease once that pod is gone (default: machine and process id)').addOption(faultsOption())
      .action(async (options: ControllersOptions) => (await import('../processes/controllers-process.ts')).runControllersProcess(terminal, options)),
    freePart('node', 'pods as processes: images, probes, logs; beside any control plane').option('--nodes <n>', 'nodes to register', countFrom(1), 2)
      .addOption(runtimeOption())
      .option('--pod-cidr <range>', "addresses of pods (default: the data directory's)", readRange).addOption(podNetworkOption())
      .option('--kubelet-port <n>', 'where the API server asks for logs and streams; 0 is a free one', countFrom(0), 0)
      .option('--client-ca-file <file>', "signs the API server's client certificate (default: the data directory's authority)")
      .addOption(faultsOption())
      .option('--max-container-restart-period <seconds>', 'the longest wait of a container that ended for its next start: 1 to 300 (default: 300)', readRestartPeriod)
      .option('--container-log-max-size <bytes>', "a container's log is kept in pieces of this size; Ki, Mi and Gi may follow", readBytes, 10 * 1_048_576)
      .option('--container-log-max-files <n>', 'how many such pieces are kept, the newest', readPieces, 5)
      .action(async (options: NodePartOptions) => (await import('../processes/node-process.ts')).runNodeProcess(terminal, options)),
    freePart('network', 'ClusterIP proxy and DNS; beside any control plane')
      .action(async (options: NetworkPartOptions) => (await import('../processes/network-process.ts')).runNetworkProcess(terminal, options)),
    new Command('router').description('the built-in router of one pod').requiredOption('--config <file>', 'router.json of its ConfigMap')
      .action(async ({ config }: { config: string }) => (await import('../processes/router-process.ts')).runRouterProcess(terminal, config)),
  ];
}

/** The supervisor's environment reaches its parts. */
const faultsOption = (): Option => new Option('--faults <dir>', 'kills this process where the plan says that a test writes there').env('AWEIGH_FAULTS').hideHelp();

function readBytes(text: string): number {
  const found = /^(\d+)(Ki|Mi|Gi)?$/.exec(text);
  const bytes = found === null ? NaN : Number(found[1]) * 1_024 ** ['', 'Ki', 'Mi', 'Gi'].indexOf(found[2] ?? '');
  if (!(bytes >= 4_096)) throw new InvalidArgumentError('Sizes are 4Ki or more, such as 10Mi.');
  return bytes;
}

function readRestartPeriod(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 300) throw new InvalidArgumentError('The wait is 1 to 300 seconds.');
  return seconds;
}

function readPieces(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 2) throw new InvalidArgumentError('At least 2 pieces are kept.');
  return number;
}
