import { CLUSTER_ROLES } from '../../api/access.ts';
import { customResourceDefinitions } from '../../api/crds.ts';
import { HEALTH_NAMESPACE } from '../../controllers/health/observe.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';

export interface InstallOptions {
  readonly namespace: string;
  /** Has `aweigh`, `git` and `sh` on its PATH. */
  readonly image: string;
  /** Has `sh`, and `haproxy` or `aweigh`, on its PATH. */
  readonly routerImage: string;
  readonly router: 'haproxy' | 'builtin';
  /** Size of the record's volume claim. Absent: the record lives as long as the pod, and a remote is its memory. */
  readonly recordSize?: string;
  readonly storageClass?: string;
}

const NAME = 'aweigh-controllers';
const labels = { 'app.kubernetes.io/name': 'aweigh', 'app.kubernetes.io/component': 'controllers', 'app.kubernetes.io/managed-by': 'aweigh' };
const HEALTH_PORT = 8081;
const USER_ID = 65532;
const RECORD_PATH = '/var/lib/aweigh';

/** Everything that a cluster needs to run Aweigh, in the order in which it is applied. */
export function installObjects(options: InstallOptions): KubernetesObject[] {
  const { namespace } = options;
  const named = (kind: string, apiVersion: string, more: object, name = NAME): KubernetesObject => ({ apiVersion, kind, metadata: { name, namespace, labels }, ...more });
  return [
    ...customResourceDefinitions.map((d) => ({ ...d, apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' })),
    // The controllers' role makes no namespaces, and health and its channels stand in one of their own.
    ...[...new Set([namespace, HEALTH_NAMESPACE])].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })),
    named('ServiceAccount', 'v1', {}),
    ...CLUSTER_ROLES.map(({ metadata, rules }): KubernetesObject & object => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: metadata.name, labels: { ...labels, ...metadata.labels } }, rules } as KubernetesObject)),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: NAME, labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'aweigh:controllers' },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
    } as KubernetesObject,
    ...(options.recordSize === undefined ? [] : [named('PersistentVolumeClaim', 'v1', {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: options.recordSize } }, ...(options.storageClass && { storageClassName: options.storageClass }) },
    }, 'aweigh-record')]),
    named('Deployment', 'apps/v1', { spec: deploymentSpec(options) }),
  ];
}

function deploymentSpec({ image, routerImage, router, recordSize }: InstallOptions): object {
  return {
    replicas: 1,
    // The next one waits for the Lease and for the record's volume, which one node alone may hold.
    strategy: { type: 'Recreate' },
    selector: { matchLabels: { 'app.kubernetes.io/name': 'aweigh', 'app.kubernetes.io/component': 'controllers' } },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: NAME,
        terminationGracePeriodSeconds: 30,
        securityContext: { runAsNonRoot: true, runAsUser: USER_ID, runAsGroup: USER_ID, fsGroup: USER_ID, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [{
          name: 'controllers', image, imagePullPolicy: 'IfNotPresent',
          // Embedded nodes run programs without a file system of their own: what is mounted stands below $POD_ROOT there.
          command: ['sh', '-c', `exec \${AWEIGH_BIN:-aweigh} controllers --record "\${POD_ROOT:-}${RECORD_PATH}/record" --router ${router} --router-image "$ROUTER_IMAGE" --lease-namespace "$POD_NAMESPACE" --lease-identity "pod/$POD_NAME" --health-address "$POD_IP:${HEALTH_PORT}"`],
          env: [
            { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
            { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'ROUTER_IMAGE', value: routerImage },
          ],
          ports: [{ name: 'health', containerPort: HEALTH_PORT }],
          readinessProbe: { httpGet: { path: '/readyz', port: 'health' }, periodSeconds: 2 },
          livenessProbe: { httpGet: { path: '/livez', port: 'health' }, initialDelaySeconds: 10, periodSeconds: 10, failureThreshold: 3 },
          resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
          volumeMounts: [{ name: 'record', mountPath: RECORD_PATH }, { name: 'tmp', mountPath: '/tmp' }],
        }],
        volumes: [
          { name: 'record', ...(recordSize === undefined ? { emptyDir: {} } : { persistentVolumeClaim: { claimName: 'aweigh-record' } }) },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  };
}
