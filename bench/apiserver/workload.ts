import { once, type LoadRequest, type Target } from './load-client.ts';

const PODS = '/api/v1/namespaces/default/pods';
const LISTED = '/api/v1/namespaces/bench-list/pods';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** One row of the comparison. */
export interface Operation {
  readonly name: string;
  readonly connections: number;
  /** How many times the real server's rate is wanted. */
  readonly wanted: number;
  request(n: number): LoadRequest;
}

/** A pod of about 3 kB, as a Deployment of a small service makes it. */
export function pod(name: string, namespace = 'default'): object {
  const container = (index: number): object => ({
    name: `app-${index}`, image: `registry.example/team/account-service-${index}@sha256:${'ab12'.repeat(16)}`,
    ports: [{ name: 'http', containerPort: 8080 + index }],
    env: Array.from({ length: 12 }, (_, i) => ({ name: `SETTING_NUMBER_${i}`, value: `a value of some length for setting ${i}` })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
    readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 5 },
    livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
    volumeMounts: [{ name: 'config', mountPath: '/etc/account' }],
  });
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: { name, namespace, labels: { app: 'account-service', tier: 'service', track: 'production', version: 'v1.18.0' }, annotations: { 'example.dev/note': 'made by the load of a benchmark' } },
    spec: { containers: [container(0), container(1)], volumes: [{ name: 'config', emptyDir: {} }], nodeSelector: { 'bench.example/none': 'true' }, tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'bench', effect: 'NoSchedule' }] },
  };
}

export const OPERATIONS: readonly Operation[] = [
  { name: 'pod creates', connections: 32, wanted: 4, request: create() },
  { name: 'gets', connections: 32, wanted: 5, request: (n) => ({ method: 'GET', path: `${LISTED}/listed-${n % 500}` }) },
  { name: 'lists of 500', connections: 4, wanted: 8, request: () => ({ method: 'GET', path: `${LISTED}?limit=500` }) },
  { name: 'Tables of 500', connections: 4, wanted: 5, request: () => ({ method: 'GET', path: `${LISTED}?limit=500`, accept: TABLE }) },
  { name: 'merge patches', connections: 32, wanted: 5, request: (n) => ({ method: 'PATCH', path: `${LISTED}/listed-${n % 500}`, contentType: 'application/merge-patch+json', body: JSON.stringify({ metadata: { annotations: { count: String(n) } } }) }) },
  { name: 'strategic merge patches', connections: 32, wanted: 5, request: (n) => ({ method: 'PATCH', path: `${LISTED}/listed-${n % 500}`, contentType: 'application/strategic-merge-patch+json', body: JSON.stringify({ metadata: { labels: { count: String(n) } } }) }) },
  { name: 'server-side applies', connections: 32, wanted: 5, request: (n) => ({ method: 'PATCH', path: `${LISTED}/listed-${n % 500}?fieldManager=bench&force=true`, contentType: 'application/apply-patch+yaml', body: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `listed-${n % 500}`, labels: { applied: String(n) } } }) }) },
];

function create(): (n: number) => LoadRequest {
  // Rounds follow each other on one server: names go on counting.
  let serial = 0;
  return () => ({ method: 'POST', path: PODS, body: JSON.stringify(pod(`bench-${process.pid}-${serial++}`)) });
}

/** What the reading operations read: 500 pods in a namespace of their own. */
export async function prepare(target: Target): Promise<void> {
  await expectOk(target, { method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench-list' } }) });
  for (const namespace of ['default', 'bench-list']) {
    // No controller runs here that would make it; pods are refused without.
    await once(target, { method: 'POST', path: `/api/v1/namespaces/${namespace}/serviceaccounts`, body: JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }) });
  }
  for (let i = 0; i < 500; i++) await expectOk(target, { method: 'POST', path: LISTED, body: JSON.stringify(pod(`listed-${i}`, 'bench-list')) });
}

async function expectOk(target: Target, request: LoadRequest): Promise<void> {
  const { status, body } = await once(target, request);
  if (status >= 300 && status !== 409) throw new Error(`${request.method} ${request.path} answered ${status}: ${body.slice(0, 300)}`);
}
