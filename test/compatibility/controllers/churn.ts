import type { Client } from '../../../src/client/client.ts';
import { ConfigMaps, ControllerRevisions, DaemonSets, Deployments, EndpointSlices, HorizontalPodAutoscalers, Jobs, Namespaces, PodDisruptionBudgets, Pods, ReplicaSets, ResourceQuotas, Secrets, ServiceAccounts, Services, StatefulSets } from '../../../src/client/kinds.ts';
import { keyString, type KubernetesObject, type ObjectKey, type Resource } from '../../../src/client/resource.ts';
import { isNotFound } from '../../../src/client/status-error.ts';
import type { Deployment, Job, PodTemplateSpec } from '../../../src/kubernetes/types.generated.ts';

/** What any right set of controllers leaves behind after {@link churn}. */
export const finalState = {
  web: { replicas: 6, updated: 6, available: 6, replicaSets: 2, revision: '3', endpoints: 6 },
  jobs: { ends: 'Complete 4/0', fails: 'Failed 0/1' },
  statefulSet: { replicas: 2, updated: 2, revisions: 2, pods: ['db-0', 'db-1'] },
  daemonSet: { desired: 2, ready: 2 },
  orphans: { owners: 0, pods: 2 },
  foreground: { replicaSets: 0, pods: 0 },
  dependents: { secret: 'gone' },
  namespace: 'gone',
  budget: 1,
  quota: '1',
  tooLarge: 'Unschedulable',
  autoscaler: 'ScalingActive False',
  serviceAccount: 'default',
};

const template = (app: string, image: string, more: object = {}): PodTemplateSpec => ({ metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image }], ...more } });
const deployment = (namespace: string, name: string, replicas: number, image: string): Deployment => ({ metadata: { namespace, name }, spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, image) } });
const job = (namespace: string, name: string, completions: number): Job => ({ metadata: { namespace, name }, spec: { completions, parallelism: 2, backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: name }] } } } });

/** Makes, changes and deletes a bit of everything in a namespace of its own; returns how it ended, in the form of {@link finalState}. */
export async function churn(client: Client, namespace: string): Promise<typeof finalState> {
  const key = (name: string): ObjectKey => ({ namespace, name });
  await client.create(Namespaces, { metadata: { name: namespace } });
  const serviceAccount = await until(client, ServiceAccounts, key('default'), () => true);
  const [web, jobs, statefulSet, daemonSet, owners, doomed, others] = await Promise.all([rollout(), runJobs(), stateful(), daemon(), ownership(), namespaceGoes(), watchers()]);
  return { web, jobs, statefulSet, daemonSet, ...owners, namespace: doomed, ...others, serviceAccount: serviceAccount.metadata?.name ?? '' };

  async function rollout(): Promise<typeof finalState.web> {
    await client.create(Services, { metadata: { namespace, name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
    await client.create(Deployments, deployment(namespace, 'web', 4, 'v1'));
    await settled('web', 4);
    await client.patch(Deployments, key('web'), { spec: { template: template('web', 'v2') } });
    await settled('web', 4);
    await client.patch(Deployments, key('web'), { spec: { replicas: 6 } });
    await settled('web', 6);
    await client.patch(Deployments, key('web'), { spec: { template: template('web', 'v1') } });
    const end = await settled('web', 6);
    const ready = async (): Promise<number> => {
      const { items } = await client.list(EndpointSlices, { namespace, labelSelector: 'kubernetes.io/service-name=web' });
      return items.flatMap((s) => s.endpoints ?? []).filter((e) => e.conditions?.ready === true).length;
    };
    await eventually('endpoints of web', async () => (await ready()) === 6);
    const sets = await client.list(ReplicaSets, { namespace, labelSelector: 'app=web' });
    const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = end.status ?? {};
    return { replicas, updated: updatedReplicas, available: availableReplicas, replicaSets: sets.items.length, revision: end.metadata?.annotations?.['deployment.kubernetes.io/revision'] ?? '', endpoints: await ready() };
  }

  async function settled(name: string, replicas: number): Promise<Deployment> {
    return until(client, Deployments, key(name), (d) => {
      const s = d.status ?? {};
      return (s.observedGeneration ?? 0) >= (d.metadata?.generation ?? 0) && s.replicas === replicas && s.updatedReplicas === replicas && s.availableReplicas === replicas && s.conditions?.some((c) => c.reason === 'NewReplicaSetAvailable') === true;
    });
  }

  async function runJobs(): Promise<typeof finalState.jobs> {
    await client.create(Jobs, job(namespace, 'ends', 4));
    await client.create(Jobs, job(namespace, 'fails', 1));
    const end = async (name: string): Promise<string> => {
      const done = await until(client, Jobs, key(name), (j) => j.status?.conditions?.some((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True') === true);
      const outcome = done.status?.conditions?.find((c) => c.type === 'Complete' || c.type === 'Failed')?.type;
      return `${outcome} ${done.status?.succeeded ?? 0}/${done.status?.failed ?? 0}`;
    };
    return { ends: await end('ends'), fails: await end('fails') };
  }

  async function stateful(): Promise<typeof finalState.statefulSet> {
    await client.create(StatefulSets, { metadata: { namespace, name: 'db' }, spec: { replicas: 3, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template: template('db', 'v1') } });
    await until(client, StatefulSets, key('db'), (s) => s.status?.readyReplicas === 3);
    await client.patch(StatefulSets, key('db'), { spec: { template: template('db', 'v2') } });
    await until(client, StatefulSets, key('db'), (s) => (s.status?.observedGeneration ?? 0) >= (s.metadata?.generation ?? 0) && s.status?.updatedReplicas === 3 && s.status.readyReplicas === 3);
    await client.patch(StatefulSets, key('db'), { spec: { replicas: 2 } });
    const end = await until(client, StatefulSets, key('db'), (s) => s.status?.replicas === 2 && s.status.readyReplicas === 2 && s.status.updatedReplicas === 2);
    const pods = await client.list(Pods, { namespace, labelSelector: 'app=db' });
    const revisions = await client.list(ControllerRevisions, { namespace, labelSelector: 'app=db' });
    return { replicas: end.status?.replicas ?? 0, updated: end.status?.updatedReplicas ?? 0, revisions: revisions.items.length, pods: pods.items.map((p) => p.metadata?.name ?? '').toSorted() };
  }

  async function daemon(): Promise<typeof finalState.daemonSet> {
    await client.create(DaemonSets, { metadata: { namespace, name: 'agent' }, spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent', 'v1') } });
    await until(client, DaemonSets, key('agent'), (d) => d.status?.numberReady === 2);
    await client.patch(DaemonSets, key('agent'), { spec: { template: template('agent', 'v2') } });
    const end = await until(client, DaemonSets, key('agent'), (d) => d.status?.updatedNumberScheduled === 2 && d.status.numberReady === 2 && d.status.observedGeneration === d.metadata?.generation);
    return { desired: end.status?.desiredNumberScheduled ?? 0, ready: end.status?.numberReady ?? 0 };
  }

  async function ownership(): Promise<Pick<typeof finalState, 'orphans' | 'foreground' | 'dependents'>> {
    for (const name of ['orphaning', 'foreground']) await client.create(Deployments, deployment(namespace, name, 2, 'v1'));
    for (const name of ['orphaning', 'foreground']) await settled(name, 2);
    await client.delete(Deployments, key('orphaning'), { propagation: 'Orphan' });
    await client.delete(Deployments, key('foreground'), { propagation: 'Foreground' });
    const owner = await client.create(ConfigMaps, { metadata: { namespace, name: 'owner' } });
    await client.create(Secrets, { metadata: { namespace, name: 'owned', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata?.uid ?? '' }] } });
    await client.delete(ConfigMaps, key('owner'));
    await gone(client, Secrets, key('owned'));
    await gone(client, Deployments, key('orphaning'));
    await gone(client, Deployments, key('foreground'));
    const left = async (app: string) => ({ sets: (await client.list(ReplicaSets, { namespace, labelSelector: `app=${app}` })).items, pods: (await client.list(Pods, { namespace, labelSelector: `app=${app}` })).items });
    await eventually('pods of foreground to end', async () => (await left('foreground')).pods.length === 0);
    const [orphans, none] = [await left('orphaning'), await left('foreground')];
    return { orphans: { owners: orphans.sets.flatMap((s) => s.metadata?.ownerReferences ?? []).length, pods: orphans.pods.length }, foreground: { replicaSets: none.sets.length, pods: none.pods.length }, dependents: { secret: 'gone' } };
  }

  async function namespaceGoes(): Promise<string> {
    const name = `${namespace}-doomed`;
    await client.create(Namespaces, { metadata: { name } });
    await until(client, ServiceAccounts, { namespace: name, name: 'default' }, () => true);
    await client.create(Deployments, deployment(name, 'web', 3, 'v1'));
    await client.create(ConfigMaps, { metadata: { namespace: name, name: 'settings' } });
    await until(client, Deployments, { namespace: name, name: 'web' }, (d) => d.status?.availableReplicas === 3);
    await client.delete(Namespaces, { name });
    await gone(client, Namespaces, { name });
    return 'gone';
  }

  async function watchers(): Promise<Pick<typeof finalState, 'budget' | 'quota' | 'tooLarge' | 'autoscaler'>> {
    await client.create(HorizontalPodAutoscalers, { metadata: { namespace, name: 'guarded' }, spec: { minReplicas: 3, maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'guarded' }, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] } });
    await client.create(PodDisruptionBudgets, { metadata: { namespace, name: 'guarded' }, spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'guarded' } } } });
    await client.create(Deployments, deployment(namespace, 'guarded', 3, 'v1'));
    // Kubernetes counts a Service that its informer has not seen only at the next full count, five minutes on.
    await eventually('slices of web', async () => (await client.list(EndpointSlices, { namespace, labelSelector: 'kubernetes.io/service-name=web' })).items.length > 0);
    await client.create(ResourceQuotas, { metadata: { namespace, name: 'services' }, spec: { hard: { services: '5' } } });
    await client.create(Pods, { metadata: { namespace, name: 'too-large' }, spec: { containers: [{ name: 'c', image: 'v1', resources: { requests: { cpu: '1k' } } }] } });
    const budget = await until(client, PodDisruptionBudgets, key('guarded'), (b) => b.status?.disruptionsAllowed === 1);
    const quota = await until(client, ResourceQuotas, key('services'), (q) => q.status?.used?.['services'] === '1');
    const pod = await until(client, Pods, key('too-large'), (p) => p.status?.conditions?.some((c) => c.type === 'PodScheduled' && c.status === 'False') === true);
    const autoscaler = await until(client, HorizontalPodAutoscalers, key('guarded'), (h) => h.status?.conditions?.some((c) => c.type === 'ScalingActive') === true);
    const active = autoscaler.status?.conditions?.find((c) => c.type === 'ScalingActive');
    return { autoscaler: `${active?.type} ${active?.status}`, budget: budget.status?.disruptionsAllowed ?? 0, quota: quota.status?.used?.['services'] ?? '', tooLarge: pod.status?.conditions?.find((c) => c.type === 'PodScheduled')?.reason ?? '' };
  }
}

/** Takes the namespaces away with all that is in them. */
export async function leave(client: Client, namespaces: readonly string[]): Promise<void> {
  for (const name of namespaces) await client.delete(Namespaces, { name });
  for (const name of namespaces) await gone(client, Namespaces, { name });
}

const deadlineMs = 90_000;

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Waited ${deadlineMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function until<T extends KubernetesObject>(client: Client, resource: Resource<T>, key: ObjectKey, holds: (object: T) => boolean): Promise<T> {
  let last: T | undefined;
  try {
    await eventually(`${resource.kind} ${keyString(key)}`, async () => {
      last = await client.get(resource, key).catch((e: unknown) => {
        if (isNotFound(e)) return undefined;
        throw e;
      });
      return last !== undefined && holds(last);
    });
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}; last seen: ${JSON.stringify((last as { status?: unknown } | undefined)?.status)}`, { cause });
  }
  return last!;
}

function gone(client: Client, resource: Resource, key: ObjectKey): Promise<void> {
  return eventually(`${resource.kind} ${keyString(key)} to go`, () => client.get(resource, key).then(() => false, (e: unknown) => isNotFound(e)));
}
