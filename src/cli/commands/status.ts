import { Command } from 'commander';
import type { Application } from '../../api/application/application.ts';
import { hasEnded, type Release } from '../../api/release/release.ts';
import { Applications, Deliveries, Releases, Routers } from '../../api/kinds.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { TAKEN_OVER, type Router } from '../../api/router/router.ts';
import { routerName } from '../../api/names.ts';
import { Nodes, Pods } from '../../client/kinds.ts';
import { isForbidden } from '../../client/status-error.ts';
import type { Node } from '../../kubernetes/types.generated.ts';
import { useCluster, withAccess, type AccessOptions, type ClusterAccess } from '../cluster-access.ts';
import { trackRows } from '../demo/view.ts';
import { verdictText } from '../health/health-text.ts';
import { readHealth, type ShownService } from '../health/read-health.ts';
import { getApplication } from '../operations/releases-of.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

interface ClusterStatus {
  readonly nodes: { readonly name: string; readonly ready: boolean }[];
  readonly pods: { readonly total: number; readonly running: number };
  readonly applications: ApplicationView[];
}

interface ApplicationView {
  readonly application: Application;
  readonly delivery?: Delivery;
  readonly router?: Router;
  /** In motion. */
  readonly releases: Release[];
  /** As `aweigh health` judges it; absent where this person may not read what that takes. */
  readonly health?: ShownService;
}

export function statusCommand(terminal: Terminal): Command {
  return withAccess(new Command('status').description('nodes, and each Application with its health, tracks, routers and releases'))
    .argument('[application]')
    .addOption(outputOption())
    .action((application: string | undefined, options: AccessOptions & { output: OutputFormat }) => useCluster(terminal, options, async (access) => {
      if (application !== undefined) await getApplication(access, application);
      const now = terminal.clock.now();
      print(terminal, options.output, await read(access, application, now), (status) => statusText(status, now));
    }));
}

async function read({ client, namespace }: ClusterAccess, only: string | undefined, now: number): Promise<ClusterStatus> {
  const [health, nodes, pods, applications, deliveries, routers, releases] = await Promise.all([
    readHealth({ client, namespace, now, ...(only === undefined ? {} : { service: only }) }).catch((error: unknown) => { if (isForbidden(error)) return undefined; throw error; }),
    client.list(Nodes), client.list(Pods), client.list(Applications, { namespace }), client.list(Deliveries, { namespace }), client.list(Routers, { namespace }), client.list(Releases, { namespace }),
  ]);
  return {
    nodes: nodes.items.map((n) => ({ name: n.metadata?.name ?? '', ready: isReady(n) })),
    pods: { total: pods.items.length, running: pods.items.filter((p) => p.status?.phase === 'Running').length },
    applications: applications.items.filter((a) => only === undefined || a.metadata?.name === only).map((application) => {
      const name = application.metadata?.name ?? '';
      const delivery = deliveries.items.find((d) => d.metadata?.name === name);
      const router = routers.items.find((r) => r.metadata?.name === routerName(name));
      const verdict = health?.services.find((s) => s.managed && s.service === name);
      return {
        application, ...(verdict === undefined ? {} : { health: verdict }), ...(delivery === undefined ? {} : { delivery }), ...(router === undefined ? {} : { router }),
        releases: releases.items.filter((r) => r.spec.application === name && !hasEnded(r)),
      };
    }),
  };
}

const isReady = (node: Node): boolean => node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

/** `routers 4/4 (haproxy)`, or `Gateways 1/1 (gateway-api)`; and what leaves, while it has to go on. */
function routersText(application: Application, delivery: Delivery | undefined, router: Router | undefined): string {
  const takeover = router?.status?.conditions?.find((c) => c.type === TAKEN_OVER);
  const leaving = router?.spec.leaving === undefined ? '' : `    ${takeover?.message ?? `${router.spec.leaving} goes on`}`;
  if (router?.spec.provider === 'gateway-api') return `Gateways ${router.status?.gateways?.length ?? 0}/${router.spec.gateway?.parentRefs.length ?? 0} (gateway-api)${leaving}`;
  return `routers ${router?.status?.pods?.length ?? 0}/${delivery?.spec.router.replicas ?? application.spec.router?.replicas ?? 4} (${router?.spec.provider ?? 'none yet'})${leaving}`;
}

function statusText({ nodes, pods, applications }: ClusterStatus, now: number): string {
  const head = `Nodes  ${nodes.filter((n) => n.ready).length}/${nodes.length} ready    Pods  ${pods.running}/${pods.total} running`;
  const parts = applications.map(({ application, delivery, router, releases, health }) => {
    const drift = delivery?.status?.drift ?? [];
    return [
      `${application.metadata?.name}    ${routersText(application, delivery, router)}${application.spec.hold === true ? '    held' : ''}${health === undefined ? '' : `    ${health.state}`}`,
      ...(health === undefined ? [] : verdictText(health, now)),
      table(['TRACK', 'VERSION', 'READY', 'WANTED', 'OBSERVED', 'COMING'], trackRows({ application, delivery, router })),
      ...releases.map((r) => `Release ${r.metadata?.name}: ${r.status?.phase ?? 'Pending'}${r.status?.track === undefined ? '' : ` on ${r.status.track}`}${r.status?.message === undefined ? '' : `, ${r.status.message}`}`),
      ...drift.map((d) => `Drift: ${d.object}: ${d.fields.join(', ')} (${d.outcome.toLowerCase()}${d.by === undefined ? '' : `, by ${d.by}`}, ${d.at})`),
    ].join('\n');
  });
  return [head, ...(parts.length === 0 ? ["No Applications here: 'aweigh apply FILE' makes one"] : parts)].join('\n\n');
}
