import type { Application } from '../../api/application/application.ts';
import { DEFAULTS } from '../../api/application/defaults.ts';
import { LABELS } from '../../api/group.ts';
import { Applications, Builds, Deliveries, Releases } from '../../api/kinds.ts';
import { routerName } from '../../api/names.ts';
import { Deployments, HorizontalPodAutoscalers, Pods, Secrets, Services } from '../../client/kinds.ts';
import type { Resource } from '../../client/resource.ts';
import { isNotFound } from '../../client/status-error.ts';
import { SPEC_RESOURCES } from '../../controllers/record/observe.ts';
import type { Deployment, Service } from '../../kubernetes/types.generated.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ClusterAccess } from '../cluster-access.ts';
import { pushBuild, VERSION } from '../operations/push-build.ts';
import { hasEnded } from '../../api/release/release.ts';
import { releasesOf } from '../operations/releases-of.ts';
import { waitFor } from '../operations/wait-for.ts';
import { UserError } from '../user-error.ts';
import { ADOPTED, adoptedOf, type Adopted } from './adopted.ts';
import { applicationFrom, imageOf } from './application-from.ts';

export interface AdoptionRequest {
  readonly deployment: string;
  readonly service: string;
  /** Name of the Application. */
  readonly name: string;
  /** Instead of the one made from the Deployment. */
  readonly application?: Application;
  readonly version: string | undefined;
  readonly actor: string;
}

export interface AdoptionContext {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  tell(step: string): void;
}

/**
 * Puts an Application in the place of a Deployment behind its Service, and lets the Service's users notice nothing: pods and routers first,
 * then the Service selects the routers, and only when what was sent before is done does the Deployment go to no pods. Every step can be taken
 * again: a command that was stopped goes on where it was.
 */
export async function adopt(request: AdoptionRequest, context: AdoptionContext): Promise<void> {
  const { access: { client, namespace }, tell } = context;
  const deployment = await client.get(Deployments, { namespace, name: request.deployment });
  const service = await client.get(Services, { namespace, name: request.service });
  const before = adoptedOf(service);
  if (before !== undefined && before.application !== request.name) throw new UserError(`Service ${request.service} belongs to the Application ${before.application} already`);
  await refuseAutoscaled(context, request.deployment);
  const wanted = request.application ?? applicationFrom(deployment, service, request.name);
  if (wanted.spec.router?.kind === 'gateway-api') throw new UserError(`Service ${request.service} is adopted by routers in its place, and kind gateway-api has none: adopt with kind haproxy or builtin, and choose gateway-api when users come through the Gateway`);
  const port = wanted.spec.ports[0]?.port ?? 8080;

  const existing = await client.get(Applications, { namespace, name: request.name }).catch((e: unknown) => { if (isNotFound(e)) return undefined; throw e; });
  if (existing === undefined) {
    await client.create(Applications, { ...wanted, metadata: { ...wanted.metadata, namespace, name: request.name } }, { fieldManager: 'aweigh-cli' });
    tell(`Application ${request.name} made from Deployment ${request.deployment}`);
  }
  await firstBuild(request, deployment, context);
  await productionServes(request.name, context);
  tell(`${request.name} runs beside ${request.deployment}: its tracks and routers are ready`);

  if (before === undefined) await selectRouters(service, { application: request.name, deployment: request.deployment, replicas: deployment.spec?.replicas ?? 1, selector: service.spec?.selector ?? {}, ports: service.spec?.ports ?? [] }, port, context);
  tell(`Service ${request.service} selects the routers: ${routerName(request.name)}`);
  const drainSeconds = wanted.spec.drainSeconds ?? DEFAULTS.drainSeconds;
  await pauseFor(drainSeconds * 1000, context);
  await client.patch(Deployments, { namespace, name: request.deployment }, { spec: { replicas: 0 } }, { fieldManager: 'aweigh-cli' });
  tell(`Deployment ${request.deployment} has no pods any more, and stays for 'aweigh adopt ${request.deployment} --give-back'`);
}

/** The way back: the Deployment runs the version of production, then the Service selects its pods, then the Application goes. */
export async function giveBack(request: Pick<AdoptionRequest, 'deployment' | 'service'>, context: AdoptionContext): Promise<void> {
  const { access: { client, namespace }, tell } = context;
  const service = await client.get(Services, { namespace, name: request.service });
  const adopted = adoptedOf(service);
  if (adopted === undefined) throw new UserError(`Service ${request.service} is not adopted: there is nothing to give back`);
  if (adopted.deployment !== request.deployment) throw new UserError(`Service ${request.service} was adopted with Deployment ${adopted.deployment}, not ${request.deployment}`);
  const moving = (await releasesOf(context.access, adopted.application)).filter((r) => !hasEnded(r));
  if (moving.length > 0) throw new UserError(`Release ${moving[0]?.metadata?.name} is in motion: let it end, or abort it with 'aweigh release abort ${adopted.application} --reason …', then give back`);

  const delivery = await client.get(Deliveries, { namespace, name: adopted.application });
  const production = delivery.spec.tracks.at(-1);
  const build = await client.get(Builds, { namespace, name: production?.serving ?? '' });
  const deployment = await client.get(Deployments, { namespace, name: request.deployment });
  const containers = deployment.spec?.template.spec?.containers ?? [];
  const replicas = production?.builds.find((b) => b.build === production.serving)?.replicas ?? adopted.replicas;
  await client.patch(Deployments, { namespace, name: request.deployment }, { spec: { replicas, template: { spec: { containers: [{ name: containers[0]?.name, image: build.spec.image }] } } } }, { type: 'strategic', fieldManager: 'aweigh-cli' });
  await deploymentServes(request.deployment, replicas, context);
  tell(`Deployment ${request.deployment} runs ${build.spec.version} with ${replicas} pods`);

  const { [ADOPTED]: _, ...annotations } = service.metadata?.annotations ?? {};
  await client.update(Services, { ...service, metadata: { ...service.metadata, annotations }, spec: { ...service.spec, selector: { ...adopted.selector }, ports: portsWith(service, adopted.ports) } }, { fieldManager: 'aweigh-cli' });
  tell(`Service ${request.service} selects its pods`);
  const { spec } = await client.get(Applications, { namespace, name: adopted.application });
  await pauseFor((spec.drainSeconds ?? DEFAULTS.drainSeconds) * 1000, context);
  await dissolve(adopted.application, context);
  tell(`Application ${adopted.application} is deleted, and what it ran with it; the record keeps its history`);
}

/** Routers first: users hold connections to them, which end with their next answer, and until then the pods behind must be there. */
async function dissolve(application: string, { access: { client, namespace }, clock, deadlineMs, signal }: AdoptionContext): Promise<void> {
  const wait = { clock, deadlineMs, signal };
  const ignoreMissing = (e: unknown): void => { if (!isNotFound(e)) throw e; };
  await client.delete(Applications, { namespace, name: application }, { propagation: 'Orphan' }).catch(ignoreMissing);
  await waitFor(`Application ${application} to go`, wait, () => client.get(Applications, { namespace, name: application }).then(() => undefined, (e: unknown) => { ignoreMissing(e); return true; }));
  await client.delete(Deployments, { namespace, name: routerName(application) }, { propagation: 'Background' }).catch(ignoreMissing);
  await waitFor(`the routers of ${application} to end what they have`, wait, async () => ((await client.list(Pods, { namespace, labelSelector: `aweigh.dev/router=${routerName(application)}` })).items.length === 0 ? true : undefined));
  for (const kind of [Releases, Deliveries, ...SPEC_RESOURCES, Secrets, Builds] as readonly Resource[]) {
    const { items } = await client.list(kind, { namespace, labelSelector: `${LABELS.application}=${application}` });
    for (const { metadata } of items) await client.delete(kind, { namespace, name: metadata?.name ?? '' }, { propagation: 'Background' }).catch(ignoreMissing);
  }
}

async function refuseAutoscaled({ access: { client, namespace } }: AdoptionContext, name: string): Promise<void> {
  const { items } = await client.list(HorizontalPodAutoscalers, { namespace });
  const scaler = items.find((h) => h.spec?.scaleTargetRef.kind === 'Deployment' && h.spec.scaleTargetRef.name === name);
  if (scaler !== undefined) throw new UserError(`HorizontalPodAutoscaler ${scaler.metadata?.name} scales Deployment ${name}, and would scale it up again: delete it, and give the production track 'autoscaling' in an Application of your own (--file)`);
}

async function firstBuild(request: AdoptionRequest, deployment: Deployment, { access: { client, namespace }, tell }: AdoptionContext): Promise<void> {
  const { items } = await client.list(Builds, { namespace });
  if (items.some((b) => b.spec.application === request.name)) return;
  const labels = Object.entries(deployment.spec?.selector.matchLabels ?? {}).map(([k, v]) => `${k}=${v}`).join(',');
  const pods = await client.list(Pods, { namespace, labelSelector: labels });
  const { image, tag } = imageOf(deployment, pods.items);
  const version = request.version ?? tag.split('@')[0]?.split(':').at(-1) ?? '';
  if (!VERSION.test(version)) throw new UserError(`The version cannot be read from the image '${tag}': say it with --version, such as --version v1.17.0`);
  const build = await pushBuild(client, { namespace, application: request.name, image, imageTag: tag, version, author: request.actor, message: `adopted from Deployment ${request.deployment}` });
  tell(`Build ${build.metadata?.name} of ${image}`);
}

async function productionServes(application: string, { access, clock, deadlineMs, signal }: AdoptionContext): Promise<void> {
  await waitFor(`the first release of ${application}: 'aweigh release status ${application}' says what keeps it`, { clock, deadlineMs, signal }, async () => {
    const first = (await releasesOf(access, application))[0];
    if (first === undefined || !hasEnded(first)) return undefined;
    if (first.status?.phase !== 'Completed') throw new UserError(`The first release of ${application} ended as ${first.status?.phase}: ${first.status?.message}. Nothing of ${application}'s users was touched; mend the cause, delete the Application, and adopt again`);
    const router = await access.client.get(Deployments, { namespace: access.namespace, name: routerName(application) });
    return (router.status?.readyReplicas ?? 0) >= (router.spec?.replicas ?? 1) ? true : undefined;
  });
}

async function deploymentServes(name: string, replicas: number, { access: { client, namespace }, clock, deadlineMs, signal }: AdoptionContext): Promise<void> {
  await waitFor(`Deployment ${name} to have ${replicas} ready pods: 'kubectl describe deployment ${name}' says what keeps it`, { clock, deadlineMs, signal }, async () => {
    const { metadata, status } = await client.get(Deployments, { namespace, name });
    return status?.observedGeneration === metadata?.generation && (status?.updatedReplicas ?? 0) >= replicas && (status?.availableReplicas ?? 0) >= replicas ? true : undefined;
  });
}

async function selectRouters(service: Service, adopted: Adopted, port: number, { access: { client } }: AdoptionContext): Promise<void> {
  await client.update(Services, {
    ...service,
    metadata: { ...service.metadata, annotations: { ...service.metadata?.annotations, [ADOPTED]: JSON.stringify(adopted) } },
    spec: { ...service.spec, selector: { 'aweigh.dev/router': routerName(adopted.application) }, ports: portsWith(service, [{ ...adopted.ports[0], port: adopted.ports[0]?.port ?? port, targetPort: port }]) },
  }, { fieldManager: 'aweigh-cli' });
}

/** With the node ports that the Service has: those stay. */
function portsWith(service: Service, ports: Adopted['ports']): NonNullable<NonNullable<Service['spec']>['ports']> {
  return ports.map((p) => {
    const nodePort = service.spec?.ports?.find((now) => now.port === p.port)?.nodePort;
    return { ...p, ...(nodePort !== undefined && { nodePort }) };
  });
}

/** Requests that were sent before end meanwhile. */
async function pauseFor(ms: number, { clock, signal }: AdoptionContext): Promise<void> {
  const until = clock.now() + ms;
  await waitFor('requests sent before to end', { clock, deadlineMs: ms + 60_000, signal }, () => (clock.now() >= until ? true : undefined));
}
