import { LABELS } from '../../api/group.ts';
import { Routers } from '../../api/kinds.ts';
import { Pods, Secrets } from '../../client/kinds.ts';
import type { ObjectKey } from '../../client/resource.ts';
import type { BackendCounters } from '../../controllers/release/metrics-source.ts';
import type { ControlCredentials, TrafficProvider } from '../../controllers/routing/traffic-provider.ts';
import type { Pod } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';

const BY_ROUTER = 'metrics/router';

const routerOf = ({ metadata }: Pod): string[] => {
  const router = metadata?.labels?.[LABELS.router];
  return router === undefined ? [] : [`${metadata?.namespace ?? ''}/${router}`];
};

/** Reads request and error counts from the routers themselves, over the connection by which they are told: nothing has to be set up.
 *  @throws where one of the routers that serve does not answer */
export function routerCounters(context: ControllerContext, providers: Readonly<Record<string, TrafficProvider>>): (router: ObjectKey, signal: AbortSignal) => Promise<Map<string, BackendCounters>> {
  const { client, informer } = context;
  const credentials = new Map<string, ControlCredentials>();
  const routerPods = informer(Pods, LABELS.router);
  routerPods.addIndex(BY_ROUTER, routerOf);
  return async ({ namespace = '', name }, signal) => {
    const router = informer(Routers).get({ namespace, name });
    const provider = providers[router?.spec.provider ?? ''];
    if (provider === undefined) throw new Error(router === undefined ? `Router ${name} does not exist yet` : `Router ${name} is of kind ${router.spec.provider}, which counts nothing: use a Prometheus query`);
    const id = `${namespace}/${name}`;
    const known = credentials.get(id) ?? (await readCredentials(namespace, name, signal));
    credentials.set(id, known);
    const pods = routerPods.byIndex(BY_ROUTER, `${namespace}/${name}`).filter((p) => p.metadata?.deletionTimestamp === undefined && p.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
    if (pods.length === 0) throw new Error(`Router ${name} has no ready pod`);
    const answers = await Promise.all(pods.map((pod) => provider.stats({ name: pod.metadata?.name ?? '', address: pod.status?.podIP ?? '' }, known, signal)));
    const sums = new Map<string, BackendCounters>();
    for (const { backend, total, errors, latency } of answers.flatMap((a) => a.backends)) {
      const sum = sums.get(backend) ?? { total: 0, errors: 0, latency: {} };
      const cells = { ...sum.latency };
      for (const [cell, count] of Object.entries(latency)) cells[Number(cell)] = (cells[Number(cell)] ?? 0) + count;
      sums.set(backend, { total: sum.total + total, errors: sum.errors + errors, latency: cells });
    }
    return sums;
  };

  async function readCredentials(namespace: string, name: string, signal: AbortSignal): Promise<ControlCredentials> {
    const { data = {} } = await client.get(Secrets, { namespace, name: `${name}-client` }, { signal });
    const read = (file: string): string => Buffer.from(data[file] ?? '', 'base64').toString();
    return { ca: read('ca.crt'), certificate: read('tls.crt'), key: read('tls.key') };
  }
}
