import { LABELS } from '../../api/group.ts';
import type { Application } from '../../api/application/application.ts';
import { resolveApplication } from '../../api/application/defaults.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { refusalServiceName, routerName } from '../../api/names.ts';
import type { RouterSpec } from '../../api/router/router.ts';
import type { ConfigMap, Deployment, PodDisruptionBudget, Service } from '../../kubernetes/types.generated.ts';
import { disruptionBudget, spread } from './availability.ts';
import type { RouterRenderer } from './router-renderer.ts';
import { metadata, nameOf, routerLabels, servicePorts } from './spec-metadata.ts';
import type { Takeover } from './takeover.ts';

export interface RouterTier {
  readonly services: readonly Service[];
  readonly configMaps: readonly ConfigMap[];
  readonly deployments: readonly Deployment[];
  readonly budgets: readonly PodDisruptionBudget[];
}

interface TierInput {
  readonly application: Application;
  readonly delivery: Delivery;
  /** Absent: Gateways route. */
  readonly renderer?: RouterRenderer;
  readonly takeover?: Takeover;
}

/** What stands between users and the tracks: routers of the Application's own, or what the Gateways of the cluster need beside its versions. */
export function routerTier({ application, delivery, renderer, takeover }: TierInput, router: RouterSpec): RouterTier {
  if (renderer === undefined) return { services: [refusalService(application)], configMaps: [], deployments: [], budgets: [] };
  return {
    // Gateways that leave may still refuse a segment.
    services: [routerService(application), ...(takeover?.leaving === 'gateway-api' ? [refusalService(application)] : [])],
    configMaps: [routerConfigMap(application, renderer, router)],
    deployments: [routerDeployment(application, delivery, renderer, router)],
    budgets: disruptionBudget(application, routerName(nameOf(application)), routerLabels(application), routerSelector(application), { replicas: delivery.spec.router.replicas, floor: resolveApplication(application).router.floor }),
  };
}

/** Selects nothing for good: an HTTPRoute has no other word for an answer of 503 than a Service without endpoints. */
function refusalService(application: Application): Service {
  const name = refusalServiceName(nameOf(application));
  return { apiVersion: 'v1', kind: 'Service', metadata: metadata(application, name, { ...routerLabels(application), app: name }), spec: { clusterIP: 'None', selector: { 'aweigh.dev/refused': nameOf(application) }, ports: servicePorts(application).slice(0, 1) } };
}

function routerService(application: Application): Service {
  const name = routerName(nameOf(application));
  return {
    apiVersion: 'v1', kind: 'Service',
    metadata: metadata(application, name, routerLabels(application)),
    spec: { selector: routerSelector(application), ports: servicePorts(application).slice(0, 1).map((p) => ({ ...p, targetPort: p.port })) },
  };
}

function routerConfigMap(application: Application, renderer: RouterRenderer, router: RouterSpec): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(application, routerName(nameOf(application)), routerLabels(application)), data: renderer.configMapData(application, router) };
}

function routerDeployment(application: Application, delivery: Delivery, renderer: RouterRenderer, router: RouterSpec): Deployment {
  const name = routerName(nameOf(application));
  const selector = routerSelector(application);
  const template = renderer.podTemplate(application, router);
  return {
    apiVersion: 'apps/v1', kind: 'Deployment',
    metadata: metadata(application, name, routerLabels(application)),
    spec: {
      replicas: delivery.spec.router.replicas,
      selector: { matchLabels: selector },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      revisionHistoryLimit: 2,
      template: {
        ...template,
        metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...routerLabels(application), ...selector } },
        ...(template.spec && { spec: { ...template.spec, topologySpreadConstraints: template.spec.topologySpreadConstraints ?? spread(selector) } }),
      },
    },
  };
}

const routerSelector = (application: Application): Record<string, string> => ({ [LABELS.router]: routerName(nameOf(application)) });
