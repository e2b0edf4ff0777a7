import { Command, InvalidArgumentError } from 'commander';
import { API_VERSION } from '../../api/group.ts';
import { Silences } from '../../api/kinds.ts';
import type { Silence } from '../../api/silence/silence.ts';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { readHealth } from '../health/read-health.ts';
import { age } from '../output/age.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_MS = 30 * 86_400_000;

export function silenceCommand(terminal: Terminal): Command {
  return withAccess(new Command('silence').description('tell nobody of a service for a while; what is wrong then is told when the time is over'))
    .argument('<service>', "a service, or '*' for every one of the namespace")
    .requiredOption('--for <duration>', 'such as 30m, 2h or 1d; at most 30d', readDuration)
    .requiredOption('--reason <text>', 'why, for the others')
    .option('--rule <name>', 'only this rule, such as TrackOverReplicated')
    .action((service: string, options: AccessOptions & { for: number; reason: string; rule?: string }) => useCluster(terminal, options, async ({ client, namespace }) => {
      const now = terminal.clock.now();
      if (service !== '*' && (await readHealth({ client, namespace, service, now })).services.length === 0) throw new UserError(`There is no service ${service} in namespace ${namespace}: 'aweigh health' lists them`);
      const until = new Date(now + options.for).toISOString();
      const silence: Silence = {
        apiVersion: API_VERSION, kind: 'Silence', metadata: { namespace, generateName: `${service === '*' ? 'all' : service}-` },
        spec: { service, until, actor: terminal.actor, reason: options.reason, ...(options.rule && { rule: options.rule }) },
      };
      const made = await client.create(Silences, silence, { fieldManager: 'aweigh-cli' });
      terminal.out.write(`Nobody is told of ${service === '*' ? `any service of ${namespace}` : service} until ${until}; end it with: aweigh health unsilence ${service} -n ${namespace} (${made.metadata?.name})\n`);
    }));
}

export function unsilenceCommand(terminal: Terminal): Command {
  return withAccess(new Command('unsilence').description('end the silences of a service'))
    .argument('<service>')
    .action((service: string, options: AccessOptions) => useCluster(terminal, options, async ({ client, namespace }) => {
      const { items } = await client.list(Silences, { namespace });
      const own = items.filter((s) => s.spec.service === service);
      if (own.length === 0) throw new UserError(`${service} is not silenced in namespace ${namespace}: 'aweigh health silences' lists what is`);
      for (const { metadata } of own) await client.delete(Silences, { namespace, name: metadata?.name ?? '' });
      terminal.out.write(`${own.length} silence${own.length === 1 ? '' : 's'} of ${service} ended\n`);
    }));
}

export function silencesCommand(terminal: Terminal): Command {
  return withAccess(new Command('silences').description('what nobody is told of, until when and why'))
    .addOption(outputOption())
    .action((options: AccessOptions & { output: OutputFormat }) => useCluster(terminal, options, async ({ client }) => {
      const { items } = await client.list(Silences, options.namespace === undefined ? {} : { namespace: options.namespace });
      const now = terminal.clock.now();
      const current = items.filter((s) => Date.parse(s.spec.until) > now);
      print(terminal, options.output, current, (all) => (all.length === 0 ? 'Nothing is silenced' : table(
        ['NAMESPACE', 'SERVICE', 'RULE', 'UNTIL', 'BY', 'AGE', 'REASON'],
        all.map(({ metadata, spec }) => [metadata?.namespace ?? '', spec.service, spec.rule ?? 'all', spec.until, spec.actor, age(metadata?.creationTimestamp, now), spec.reason]),
      )));
    }));
}

function readDuration(text: string): number {
  const [, number = '', unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? 0);
  if (!(ms > 0 && ms <= LONGEST_MS)) throw new InvalidArgumentError('A duration is a whole number with s, m, h or d, such as 2h, and at most 30d.');
  return ms;
}
