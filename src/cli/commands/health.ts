import { Command } from 'commander';
import { resolveApplication } from '../../api/application/defaults.ts';
import type { Application } from '../../api/application/application.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import type { Router } from '../../api/router/router.ts';
import { Applications, Deliveries, Routers } from '../../api/kinds.ts';
import { backendName, routerName } from '../../api/names.ts';
import { useCluster, withAccess, type AccessOptions, type ClusterAccess } from '../cluster-access.ts';
import { EXIT } from '../exit-code.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

interface HealthCheck {
  readonly application: string;
  readonly what: string;
  readonly ready: number;
  readonly floor: number;
  readonly healthy: boolean;
}

export function healthCommand(terminal: Terminal): Command {
  return withAccess(new Command('health').description("every Application's routers and tracks against their floors; exit code 3 where one is below"))
    .argument('[application]')
    .addOption(outputOption())
    .action((application: string | undefined, options: AccessOptions & { output: OutputFormat }) => useCluster(terminal, options, async (access) => {
      const checks = await read(access, application);
      print(terminal, options.output, checks, (all) => (all.length === 0 ? 'No Applications here' : table(['APPLICATION', 'WHAT', 'READY', 'FLOOR', 'HEALTH'], all.map((c) => [c.application, c.what, String(c.ready), String(c.floor), c.healthy ? 'ok' : 'CRITICAL']))));
      const critical = checks.filter((c) => !c.healthy);
      if (critical.length > 0) throw new UserError(`${critical.length} of ${checks.length} checks are below their floor: 'aweigh status' shows the pods, 'aweigh logs' what they say`, { exitCode: EXIT.unwell });
    }));
}

async function read({ client, namespace }: ClusterAccess, only: string | undefined): Promise<HealthCheck[]> {
  const [applications, deliveries, routers] = await Promise.all([client.list(Applications, { namespace }), client.list(Deliveries, { namespace }), client.list(Routers, { namespace })]);
  return applications.items.filter((a) => only === undefined || a.metadata?.name === only).flatMap((application) => {
    const name = application.metadata?.name ?? '';
    return healthChecks(application, deliveries.items.find((d) => d.metadata?.name === name), routers.items.find((r) => r.metadata?.name === routerName(name)));
  });
}

/** The routers that were told and read back, and the ready endpoints of what each track serves. */
function healthChecks(application: Application, delivery: Delivery | undefined, router: Router | undefined): HealthCheck[] {
  const name = application.metadata?.name ?? '';
  const resolved = resolveApplication(application);
  const check = (what: string, ready: number, floor: number): HealthCheck => ({ application: name, what, ready, floor, healthy: ready >= floor });
  const tracks = resolved.tracks.map((track) => {
    const serving = delivery?.spec.tracks.find((t) => t.name === track.name)?.serving;
    const backend = serving === undefined ? undefined : backendName(track.name, serving.slice(name.length + 1));
    return check(`track ${track.name}`, router?.status?.endpoints?.find((e) => e.backend === backend)?.ready ?? 0, track.endpointFloor ?? 0);
  });
  return [check('router', router?.status?.pods?.length ?? 0, resolved.router.floor), ...tracks];
}
