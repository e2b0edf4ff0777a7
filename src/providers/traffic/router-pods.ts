import { createHash } from 'node:crypto';
import type { Application } from '../../api/application/application.ts';
import { routerName } from '../../api/names.ts';
import type { PodRouterProvider, RouterSpec } from '../../api/router/router.ts';
import type { OwnLines, RouterRenderer } from '../../controllers/record/router-renderer.ts';
import type { PodTemplateSpec } from '../../kubernetes/types.generated.ts';
import { checkConfig, type ConfigCheckOptions } from './haproxy/check-config.ts';
import { AWAIT_TOLD_FILE, AWAIT_TOLD_LUA } from './haproxy/await-told.ts';
import { haproxyConfig, initialRoutingMap } from './haproxy/config.ts';
import { ROUTING_MAP_FILE } from './haproxy/routing-map.ts';
import { TOKEN_KEY_FILE } from './haproxy/identity.ts';
import { ownLinesFault, ownLinesIn } from './haproxy/own-lines.ts';
import { CONFIG_DIR, CONTROL_PORT, HEALTH_PORT, LEAVE_SECONDS, routerLayout, RUN_DIR, TLS_DIR } from './router-layout.ts';

export interface RouterImages {
  /** Has `sh` and `haproxy` 2.6 or later on its PATH. */
  readonly haproxy: string;
  /** Has `sh` and `aweigh` on its PATH, or names it in AWEIGH_BIN. */
  readonly builtin: string;
}

/** Names of the images that `aweigh up` packs by itself. */
export const EMBEDDED_ROUTER_IMAGES: RouterImages = { haproxy: 'aweigh/router-haproxy:1', builtin: 'aweigh/router-builtin:1' };

const RESTART_PAUSE_SECONDS = 1;
const CONFIG_ANNOTATION = 'aweigh.dev/router-config';

const tlsSecretName = (application: string): string => `${routerName(application)}-tls`;

// The pid is kept in a file since the process runtime and containers number processes differently; `$$` would be an escaped `$` to Kubernetes.
// One that starts again in the same pod waits until its address has left the endpoints: refused connections go elsewhere, but it would
// answer for versions that it was not told of yet.
const enter = `cd "\${POD_ROOT:-/}" && { [ ! -e ${RUN_DIR}/pid ] || sleep ${RESTART_PAUSE_SECONDS}; } && sh -c 'echo $PPID' > ${RUN_DIR}/pid`;
// A router leaves the endpoints first, then finishes what it has: HAProxy on SIGUSR1 (SIGTERM cuts requests), the built-in one on SIGTERM (Node keeps SIGUSR1 to itself).
const leave = (signal: string, drainSeconds: number): string =>
  `cd "\${POD_ROOT:-/}"; sleep ${LEAVE_SECONDS}; pid=$(cat ${RUN_DIR}/pid); kill -${signal} "$pid"; n=0; while kill -0 "$pid" 2>/dev/null && [ $n -lt ${drainSeconds * 5} ]; do sleep 0.2; n=$((n+1)); done; true`;

/** How routers of both kinds run as pods, and what their ConfigMap holds. */
export function routerRenderers(images: RouterImages = EMBEDDED_ROUTER_IMAGES, check: ConfigCheckOptions = NO_CHECK): Readonly<Record<PodRouterProvider, RouterRenderer>> {
  const renderers = rendererOfEach(images);
  return { haproxy: { ...replacedWithConfig(renderers.haproxy), ownLines: haproxyOwnLines(renderers.haproxy, check) }, builtin: replacedWithConfig(renderers.builtin) };
}

/** Where there is no haproxy to ask, only what a config must never hold is refused. */
const NO_CHECK: ConfigCheckOptions = { path: '', tls: () => Promise.resolve({}) };

function haproxyOwnLines({ configMapData }: RouterRenderer, check: ConfigCheckOptions): OwnLines {
  return {
    read: (data) => ownLinesIn(data['haproxy.cfg'] ?? ''),
    async fault(application, router, signal) {
      const fault = ownLinesFault(application.spec.router?.haproxy ?? {});
      if (fault !== undefined) return fault;
      const result = await checkConfig(configMapData(application, router), check, signal);
      return result.outcome === 'refused' ? result.fault : undefined;
    },
  };
}

/** A program reads its config once: another config makes another pod template, so that the Deployment replaces routers one by one. */
function replacedWithConfig({ podTemplate, configMapData }: RouterRenderer): RouterRenderer {
  return {
    configMapData,
    podTemplate(application, router) {
      const digest = createHash('sha256').update(JSON.stringify(configMapData(application, router))).digest('hex').slice(0, 16);
      return { metadata: { annotations: { [CONFIG_ANNOTATION]: digest } }, ...podTemplate(application, router) };
    },
  };
}

function rendererOfEach(images: RouterImages): Readonly<Record<PodRouterProvider, RouterRenderer>> {
  return {
    haproxy: {
      podTemplate: (application, router) => routerPodTemplate(application, router, images.haproxy, `${enter} && exec haproxy -f ${CONFIG_DIR}/haproxy.cfg`, 'USR1'),
      configMapData: (application, router) => {
        const layout = routerLayout(application, router);
        return { 'haproxy.cfg': haproxyConfig(layout), [ROUTING_MAP_FILE]: initialRoutingMap(layout), [AWAIT_TOLD_FILE]: AWAIT_TOLD_LUA, ...(layout.token.verify && { [TOKEN_KEY_FILE]: layout.token.verify.publicKey }) };
      },
    },
    builtin: {
      podTemplate: (application, router) => routerPodTemplate(application, router, images.builtin, `${enter} && exec \${AWEIGH_BIN:-aweigh} router --config ${CONFIG_DIR}/router.json`, 'TERM'),
      configMapData: (application, router) => {
        const { extra: _, ...layout } = routerLayout(application, router);
        return { 'router.json': `${JSON.stringify(layout, null, 2)}\n` };
      },
    },
  };
}

function routerPodTemplate(application: Application, router: RouterSpec, image: string, start: string, stopSignal: string): PodTemplateSpec {
  const { drainSeconds } = routerLayout(application, router);
  const name = routerName(application.metadata?.name ?? router.application);
  const health = (path: string) => ({ httpGet: { path, port: HEALTH_PORT }, timeoutSeconds: 2 });
  return {
    spec: {
      terminationGracePeriodSeconds: LEAVE_SECONDS + drainSeconds + 5,
      containers: [
        {
          name: 'router',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', start],
          env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
          ports: [
            { name: 'http', containerPort: router.port },
            { name: 'health', containerPort: HEALTH_PORT },
            { name: 'control', containerPort: CONTROL_PORT },
          ],
          // Ready once told; alive as long as the process answers at all.
          readinessProbe: { ...health('/ready'), periodSeconds: 1, failureThreshold: 2 },
          livenessProbe: { ...health('/live'), initialDelaySeconds: 5, periodSeconds: 5, failureThreshold: 3 },
          lifecycle: { preStop: { exec: { command: ['sh', '-c', leave(stopSignal, drainSeconds)] } } },
          resources: { requests: { cpu: '50m', memory: '32Mi' } },
          volumeMounts: [
            { name: 'config', mountPath: `/${CONFIG_DIR}` },
            { name: 'tls', mountPath: `/${TLS_DIR}`, readOnly: true },
            { name: 'run', mountPath: `/${RUN_DIR}` },
          ],
        },
      ],
      volumes: [
        { name: 'config', configMap: { name } },
        { name: 'tls', secret: { secretName: tlsSecretName(application.metadata?.name ?? router.application) } },
        { name: 'run', emptyDir: {} },
      ],
    },
  };
}
