import type { Client } from '../../client/client.ts';
import { Events, Services } from '../../client/kinds.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { Condition, Service } from '../../kubernetes/types.generated.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { UnboundPort } from './service-proxy.ts';

/** On every Service one of whose ports could not be opened, here or earlier; `True` once all are open. */
const conditionType = 'PortsBound';

/** Conditions to write: of Services whose ports are not all open, and of those that still say so and are wrong. */
export function portsBoundChanges(services: readonly Service[], unbound: readonly UnboundPort[], nowMs: number): { readonly service: Service; readonly condition: Condition }[] {
  const byService = Map.groupBy(unbound, ({ rule }) => `${rule.namespace}/${rule.service}`);
  return services.flatMap((service) => {
    const { namespace, name, generation } = service.metadata ?? {};
    const problems = byService.get(`${namespace}/${name}`);
    const now = service.status?.conditions?.find((c) => c.type === conditionType);
    if (problems === undefined && now?.status !== 'False') return [];
    const wanted = problems === undefined ? { status: 'True', reason: 'Listening', message: 'All ports are open' } : { status: 'False', reason: problems[0]!.reason, message: problems.map((p) => p.message).join('; ') };
    if (now?.status === wanted.status && now.reason === wanted.reason && now.message === wanted.message) return [];
    const lastTransitionTime = now?.status === wanted.status ? now.lastTransitionTime : new Date(nowMs).toISOString();
    return [{ service, condition: { type: conditionType, ...wanted, lastTransitionTime, ...(generation === undefined ? {} : { observedGeneration: generation }) } }];
  });
}

/** Says on the Service, by condition and Event, why its address does not answer. What cannot be said is tried with the next change. */
export async function tellPortsBound({ client, clock, log }: { readonly client: Client; readonly clock: Clock; readonly log: Logger }, services: readonly Service[], unbound: readonly UnboundPort[]): Promise<void> {
  for (const { service, condition } of portsBoundChanges(services, unbound, clock.now())) {
    const { namespace = '', name = '', uid } = service.metadata ?? {};
    try {
      await client.patch(Services, { namespace, name }, { metadata: { uid }, status: { conditions: [condition] } }, { type: 'strategic', subresource: 'status' });
      if (condition.status === 'True') continue;
      log.warn({ namespace, name, reason: condition.reason }, condition.message);
      const at = condition.lastTransitionTime;
      await client.create(Events, {
        metadata: { namespace, name: `${name}.${clock.now().toString(16)}` },
        involvedObject: { apiVersion: 'v1', kind: 'Service', namespace, name, uid },
        type: 'Warning', reason: 'PortNotBound', message: condition.message, firstTimestamp: at, lastTimestamp: at, count: 1,
        source: { component: 'aweigh-network' }, reportingComponent: 'aweigh-network',
      });
    } catch (error) {
      if (!isNotFound(error)) log.debug({ namespace, name, error: String(error) }, 'Condition not written');
    }
  }
}
