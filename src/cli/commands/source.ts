import { Command, Option } from 'commander';
import { API_VERSION } from '../../api/group.ts';
import { Sources } from '../../api/kinds.ts';
import type { BuildNetwork, GitSource, RegistrySource, Source } from '../../api/source/source.ts';
import { isNotFound } from '../../client/status-error.ts';
import { useCluster, withAccess, type AccessOptions, type ClusterAccess } from '../cluster-access.ts';
import { getApplication } from '../operations/releases-of.ts';
import { age } from '../output/age.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

interface AddOptions extends AccessOptions {
  readonly name?: string;
  readonly git?: string;
  readonly branch?: string;
  readonly folder?: string;
  readonly command?: string;
  readonly test?: string;
  readonly network?: BuildNetwork;
  readonly memory?: string;
  readonly webhookSecret?: string;
  readonly image?: string;
  readonly semver?: string;
  readonly pattern?: string;
  readonly secret?: string;
}

export function sourceCommand(terminal: Terminal): Command {
  const command = new Command('source').description('what Builds come from by themselves: a git branch, or tags of an image');
  withAccess(command.command('add').description('follow a branch or an image; again with the same name to change it')).argument('<application>')
    .option('--name <name>', "default: the Application's").option('--secret <name>', 'Secret with the login, in the same namespace')
    .option('--git <url>', 'the repository').option('--branch <name>', 'default: main').option('--folder <path>', 'folder of the repository that becomes the image')
    .option('--command <line>', 'shell line that makes what the image holds').option('--test <line>', 'shell line that must exit with 0').option('--webhook-secret <name>', 'Secret whose key `secret` signs push webhooks')
    .addOption(new Option('--network <who>', 'who reaches more than loopback: command and test, command alone (default), none').choices(['all', 'command', 'none'])).option('--memory <quantity>', 'for command and test each, such as 8Gi; default: 4Gi')
    .option('--image <image>', 'the image, without tag').option('--semver <range>', 'the highest version in it, such as ">=1.2 <2"').option('--pattern <re>', 'the highest tag that matches')
    .action((application: string, options: AddOptions) => useCluster(terminal, options, async (access) => {
      await getApplication(access, application);
      const name = options.name ?? application;
      await access.client.apply(Sources, { apiVersion: API_VERSION, kind: 'Source', metadata: { namespace: access.namespace, name }, spec: { application, ...followed(options) } }, { fieldManager: 'aweigh-cli', force: true });
      terminal.out.write(`Source ${name} follows ${options.git ?? options.image}; see it with: aweigh source status ${name}\n`);
    }));
  withAccess(command.command('status').description('what was found, and what became of it').argument('[name]')).addOption(outputOption())
    .action((name: string | undefined, options: AccessOptions & { output: OutputFormat }) => useCluster(terminal, options, async (access) => {
      if (name !== undefined) return print(terminal, options.output, await getSource(access, name), (source) => describe(source, terminal.clock.now()));
      print(terminal, options.output, (await access.client.list(Sources, { namespace: access.namespace })).items, (all) => (all.length === 0 ? `No Sources in namespace ${access.namespace}: make one with aweigh source add` : list(all, terminal.clock.now())));
    }));
  for (const [verb, suspend, text] of [['suspend', true, 'take nothing new'], ['resume', false, 'take what is new again']] as const) {
    withAccess(command.command(verb).description(text).argument('<name>')).action((name: string, options: AccessOptions) => useCluster(terminal, options, async (access) => {
      await getSource(access, name);
      await access.client.patch(Sources, { namespace: access.namespace, name }, { spec: { suspend } });
      terminal.out.write(`Source ${name}: ${suspend ? 'nothing new is taken' : 'what is new is taken again'}\n`);
    }));
  }
  return command;
}

/** @throws {UserError} where that is neither a branch nor tags */
function followed(options: AddOptions): { git: GitSource } | { registry: RegistrySource } {
  const { git, image, branch, folder, command, test, network, memory, secret, webhookSecret, semver, pattern } = options;
  if ((git === undefined) === (image === undefined)) throw new UserError('A Source follows one of both: give --git URL, or --image IMAGE with --semver or --pattern');
  const login = secret === undefined ? {} : { secretRef: { name: secret } };
  if (image !== undefined) {
    if ((semver === undefined) === (pattern === undefined)) throw new UserError('Tags are chosen by exactly one of --semver and --pattern');
    return { registry: { image, ...login, ...(semver !== undefined && { semver }), ...(pattern !== undefined && { pattern }), ...(/^(localhost|127\.[0-9.]+)(:|\/)/.test(image) && { insecure: true }) } };
  }
  const line = (text: string): string[] => ['sh', '-c', text];
  const build = { ...(folder !== undefined && { folder }), ...(command !== undefined && { command: line(command) }), ...(test !== undefined && { test: line(test) }), ...(network !== undefined && { network }), ...(memory !== undefined && { memory }) };
  return { git: { url: git ?? '', ...login, ...(branch !== undefined && { branch }), ...(webhookSecret !== undefined && { webhookSecretRef: { name: webhookSecret } }), ...(Object.keys(build).length > 0 && { build }) } };
}

async function getSource({ client, namespace }: ClusterAccess, name: string): Promise<Source> {
  try {
    return await client.get(Sources, { namespace, name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const there = (await client.list(Sources, { namespace })).items.map((s) => s.metadata?.name).join(', ');
    throw new UserError(`There is no Source ${name} in namespace ${namespace}${there === '' ? ': make one with aweigh source add' : `; there are: ${there}`}`, { cause: error });
  }
}

const readyOf = (source: Source) => source.status?.conditions?.find((c) => c.type === 'Ready');
const placeOf = ({ spec }: Source): string => (spec.git === undefined ? `${spec.registry?.image} ${spec.registry?.semver ?? spec.registry?.pattern ?? ''}` : `${spec.git.url} ${spec.git.branch ?? 'main'}`);

function list(sources: readonly Source[], now: number): string {
  return table(['SOURCE', 'APPLICATION', 'FOLLOWS', 'READY', 'REASON', 'BUILD', 'SINCE'], sources.map((s) => [
    s.metadata?.name ?? '', s.spec.application, placeOf(s), readyOf(s)?.status ?? '', readyOf(s)?.reason ?? 'Pending', s.status?.built?.build ?? '', s.status?.built === undefined ? '' : age(s.status.built.at, now),
  ]));
}

function describe(source: Source, now: number): string {
  const { built, failed, seen } = source.status ?? {};
  const condition = readyOf(source);
  return [
    `${source.metadata?.name} follows ${placeOf(source)} for ${source.spec.application}`,
    `Ready: ${condition?.status ?? 'Unknown'} ${condition?.reason ?? 'Pending'}${condition === undefined ? '' : `, for ${age(condition.lastTransitionTime, now)}`}`,
    ...(condition === undefined ? [] : [condition.message]),
    ...(seen === undefined ? [] : [`Seen: ${seen}`]),
    ...(built === undefined ? [] : [`Built: ${built.build} of ${built.revision}, ${age(built.at, now)} ago`]),
    ...(failed?.log === undefined ? [] : ['It wrote last:', ...failed.log.split('\n').map((l) => `  ${l}`)]),
  ].join('\n');
}
