import { Command } from 'commander';
import { cleanUp, planCleanUp, type CleanUpItem } from '../../controllers/health/clean-up.ts';
import { observeServices } from '../../controllers/health/observe.ts';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { readForgottenSince, readResources } from '../health/read-health.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

export function cleanUpCommand(terminal: Terminal): Command {
  return withAccess(new Command('clean-up').description('delete the versions that no track holds, as far as the HealthPolicy lets them go'))
    .argument('[service]')
    .option('--dry-run', 'only say what would go, what stays, and why')
    .addOption(outputOption())
    .action((service: string | undefined, options: AccessOptions & { dryRun?: boolean; output: OutputFormat }) => useCluster(terminal, options, async ({ client }) => {
      const query = { client, now: terminal.clock.now(), ...(options.namespace && { namespace: options.namespace }) };
      const resources = await readResources(query), since = await readForgottenSince(client);
      const items = observeServices(resources, query.now).filter((s) => service === undefined || s.service === service)
        .flatMap((input) => planCleanUp(input, resources.services.filter((s) => s.metadata?.namespace === input.namespace), since));
      if (options.dryRun !== true) for (const item of items) if (item.verdict === 'delete') await cleanUp(client, item);
      print(terminal, options.output, items, (all) => text(all, options.dryRun === true));
    }));
}

function text(items: readonly CleanUpItem[], dryRun: boolean): string {
  if (items.length === 0) return 'Every version is held by a track';
  const word = (verdict: CleanUpItem['verdict']): string => (verdict === 'delete' ? (dryRun ? 'would go' : 'deleted') : 'stays');
  return table(['SERVICE', 'KIND', 'NAME', 'NAMESPACE', 'VERDICT', 'WHY'], items.map((i) => [i.service, i.kind, i.name, i.namespace, word(i.verdict), i.why]));
}
