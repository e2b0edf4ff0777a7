import { expect, test } from 'vitest';
import { resolveHealthPolicy, type CleanUpPolicy } from '../../api/health-policy/health-policy.ts';
import type { Deployment, Service } from '../../kubernetes/types.generated.ts';
import { planCleanUp } from './clean-up.ts';
import type { ServiceInput } from './service-input.ts';

const NOW = Date.parse('2026-01-10T00:00:00Z'), DAY = 86_400_000;
const labels = { app: 'billing-service', track: 'production' };
const version = (name: string, over: { replicas?: number; annotations?: Record<string, string> } = {}): Deployment => ({
  metadata: { namespace: 'default', name, uid: name, resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z', labels, ...(over.annotations && { annotations: over.annotations }) },
  spec: { replicas: over.replicas ?? 2, selector: {}, template: { metadata: { labels: { ...labels, version: name } } } },
});
const service = (name: string, selector: Record<string, string>, tier = 'version'): Service => ({ metadata: { namespace: 'default', name, uid: name, resourceVersion: '8', labels: { ...labels, tier } }, spec: { selector } });

function plan(cleanUp: CleanUpPolicy, old: Deployment, options: { services?: Service[]; forgottenForMs?: number; held?: boolean } = {}): string[] {
  const input: ServiceInput = {
    namespace: 'default', service: 'billing-service', releases: [], tracks: [], wantsRouter: true, policy: resolveHealthPolicy({ spec: { cleanUp } }), now: NOW,
    deployments: [{ deployment: version('v2'), held: true }, { deployment: old, held: options.held ?? false }],
  };
  const since = new Map(options.forgottenForMs === undefined ? [] : [['default/billing-service/version/v1', NOW - options.forgottenForMs]]);
  return planCleanUp(input, options.services ?? [], since).map((i) => `${i.verdict} ${i.kind} ${i.name}`);
}
const selector = { matchLabels: { app: 'billing-service' } };

test.for([
  { when: 'it is selected and was forgotten for long', cleanUp: { selector }, old: version('v1'), forgottenForMs: 2 * DAY, then: ['delete Deployment v1'] },
  { when: 'neither Aweigh made it nor the policy selects it', cleanUp: {}, old: version('v1'), forgottenForMs: 2 * DAY, then: ['notOurs Deployment v1'] },
  { when: 'it was switched off an hour ago, however old it is', cleanUp: { selector }, old: version('v1'), forgottenForMs: DAY / 24, then: ['young Deployment v1'] },
  { when: 'nobody has watched it', cleanUp: { selector }, old: version('v1'), then: ['young Deployment v1'] },
  { when: 'somebody keeps it', cleanUp: { selector }, old: version('v1', { annotations: { 'aweigh.dev/keep': 'audit until March' } }), forgottenForMs: 2 * DAY, then: ['kept Deployment v1'] },
  { when: 'somebody scaled it to nothing', cleanUp: { selector }, old: version('v1', { replicas: 0 }), forgottenForMs: 2 * DAY, then: ['kept Deployment v1'] },
  { when: 'a track holds it, warm', cleanUp: { selector }, old: version('v1'), forgottenForMs: 2 * DAY, held: true, then: [] },
  { when: 'a Service selects only it', cleanUp: { selector }, old: version('v1'), forgottenForMs: 2 * DAY, services: [service('v1', { version: 'v1' })], then: ['delete Deployment v1', 'delete Service v1'] },
  { when: 'a Service selects the serving version too', cleanUp: { selector }, old: version('v1'), forgottenForMs: 2 * DAY, services: [service('all', labels)], then: ['delete Deployment v1'] },
  { when: "a track's Service selects it", cleanUp: { selector }, old: version('v1'), forgottenForMs: 2 * DAY, services: [service('billing-service-production', { version: 'v1' }, 'service')], then: ['delete Deployment v1'] },
] satisfies ({ when: string; cleanUp: CleanUpPolicy; old: Deployment; then: string[] } & NonNullable<Parameters<typeof plan>[2]>)[])('a forgotten version goes or stays: $when', ({ cleanUp, old, then, when: _, ...options }) => expect(plan(cleanUp, old, options)).toEqual(then));
