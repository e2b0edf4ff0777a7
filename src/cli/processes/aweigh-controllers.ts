import { configController } from '../../controllers/config/controller.ts';
import { healthController } from '../../controllers/health/controller.ts';
import { notificationController } from '../../controllers/notification/controller.ts';
import { recordController } from '../../controllers/record/controller.ts';
import { recordRemoteController } from '../../controllers/record/remote/controller.ts';
import type { Repository } from '../../controllers/record/repository.ts';
import type { PodRouterProvider } from '../../api/router/router.ts';
import { sourceController, type SourceOptions } from '../../controllers/source/controller.ts';
import { createReleaseController } from '../../controllers/release/controller.ts';
import { routingController } from '../../controllers/routing/controller.ts';
import { queryPrometheus } from '../../providers/metrics/prometheus.ts';
import { routerCounters } from '../../providers/metrics/router.ts';
import { notifiers } from '../../providers/notify/notifiers.ts';
import { controlAuthority } from '../../providers/traffic/control-certificates.ts';
import { gatewayApiPublisher } from '../../providers/traffic/gateway-api/publisher.ts';
import { routerRenderers, type RouterImages } from '../../providers/traffic/router-pods.ts';
import { openSession } from '../../providers/traffic/control-connection.ts';
import { simulatedProviders, trafficProviders } from '../../providers/traffic/traffic-providers.ts';
import { askWebhook } from '../../providers/webhook-gate/ask-webhook.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ControllerFactory } from '../../runtime/controller.ts';
import type { Faults } from './faults.ts';

export interface AweighControllersOptions {
  readonly clock: Clock;
  readonly repository: Repository;
  /** Which router `kind: auto` means. */
  readonly defaultProvider: PodRouterProvider;
  /** Default: the images of the embedded cluster. */
  readonly images?: RouterImages;
  readonly sources: SourceOptions;
  /** Content of PATH: where haproxy is looked for, to check configs. */
  readonly path: string;
  readonly faults: Faults;
  /** Pods run nothing, so routers are not asked. */
  readonly simulated?: boolean;
}

/** Aweigh's own controllers with their providers: the same on the embedded engine and on any cluster. */
export function aweighControllers({ clock, repository, defaultProvider, images, sources, path, faults, simulated = false }: AweighControllersOptions): ControllerFactory[] {
  const { haproxy, builtin } = simulated ? simulatedProviders(clock) : trafficProviders(clock, faults.sessions(openSession));
  const record = faults.repository(repository);
  const authority = controlAuthority(clock);
  let forChecks: ReturnType<typeof authority.issue> | undefined;
  const tls = async () => (await (forChecks ??= authority.issue('check'))).pod;
  return [
    createReleaseController((context) => ({ metrics: { counters: routerCounters(context, { haproxy, builtin }), query: queryPrometheus }, askWebhook })),
    configController,
    recordController({ repository: record, renderers: routerRenderers(images, { path, tls }), defaultProvider }),
    recordRemoteController(record),
    sourceController(sources),
    routingController({ providers: { haproxy, builtin }, publisher: gatewayApiPublisher, authority }),
    healthController(),
    notificationController(faults.notifiers(notifiers)),
  ];
}
