import { load, once, type LoadRequest, type Target } from './load-client.ts';

export const PODS = '/api/v1/namespaces/default/pods';
const LISTED = '/api/v1/namespaces/bench-list/pods';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/bench-list/deployments';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** One row of the comparison. `@N@` in a path or body becomes a number that no other request of the run has. */
export interface Operation {
  readonly name: string;
  readonly connections: number;
  /** How many times the real server's rate is wanted. */
  readonly wanted: number;
  /** Sent in turn, over and over; with `once`, until each was sent. */
  requests(target: Target, round: number): readonly LoadRequest[] | Promise<readonly LoadRequest[]>;
  readonly once?: boolean;
}

const container = {
  name: 'app', image: 'registry.example/app:1', ports: [{ containerPort: 8080 }], env: [{ name: 'A', value: '1' }],
  resources: { requests: { cpu: '100m', memory: '64Mi' } }, readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
};

/** A pod that is stored as about 3 kB once defaults, the service account's volume and managedFields are there. */
export function pod(name: string): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'bench', track: 'internal', tier: 'service', n: '0' } }, spec: { containers: [container] } };
}

function deployment(name: string): object {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels: { app: 'bench', track: 'internal' }, annotations: { 'bench/n': '@N@' } },
    spec: { replicas: 3, selector: { matchLabels: { app: 'bench' } }, template: { metadata: { labels: { app: 'bench' } }, spec: { containers: [container] } } },
  };
}

const listed = Array.from({ length: 500 }, (_, i) => `listed-${i}`);
/** As many as the slower server deletes in a few seconds. */
const DOOMED = 3_000;
let serial = 0;

export function createRequest(): LoadRequest {
  // Rounds follow each other on one server: names go on.
  return { method: 'POST', path: PODS, body: JSON.stringify(pod(`bench-${process.pid}-${serial++}-@N@`)) };
}

const patches = (contentType: string, body: object): readonly LoadRequest[] => listed.map((name) => ({ method: 'PATCH', path: `${LISTED}/${name}`, contentType, body: JSON.stringify(body) }));

export const OPERATIONS: readonly Operation[] = [
  { name: 'pod creates', connections: 32, wanted: 4, requests: () => [createRequest()] },
  { name: 'pod creates, one by one', connections: 1, wanted: 1, requests: () => [createRequest()] },
  { name: 'updates', connections: 32, wanted: 5, requests: wholeUpdates },
  { name: 'merge patches', connections: 32, wanted: 5, requests: () => patches('application/merge-patch+json', { metadata: { labels: { n: '@N@' } } }) },
  { name: 'strategic merge patches', connections: 32, wanted: 5, requests: () => patches('application/strategic-merge-patch+json', { metadata: { labels: { n: '@N@' } } }) },
  {
    name: 'server-side applies', connections: 32, wanted: 5,
    requests: () => listed.slice(0, 100).map((name) => ({ method: 'PATCH', path: `${DEPLOYMENTS}/${name}?fieldManager=bench&force=true`, contentType: 'application/apply-patch+yaml', body: JSON.stringify(deployment(name)) })),
  },
  { name: 'gets', connections: 32, wanted: 5, requests: () => listed.map((name) => ({ method: 'GET', path: `${LISTED}/${name}` })) },
  { name: 'lists of 500', connections: 4, wanted: 8, requests: () => [{ method: 'GET', path: `${LISTED}?limit=500` }] },
  { name: 'Tables of 500', connections: 4, wanted: 5, requests: () => [{ method: 'GET', path: `${LISTED}?limit=500`, accept: TABLE }] },
  { name: 'deletes', connections: 32, wanted: 4, once: true, requests: deletes },
];

/** Whole pods as the server has them, one label changed. */
async function wholeUpdates(target: Target): Promise<readonly LoadRequest[]> {
  const { body } = await once(target, { method: 'GET', path: LISTED });
  const { items } = JSON.parse(body) as { items: { metadata: { name: string; resourceVersion?: string; labels: Record<string, string> } }[] };
  return items.map((item) => {
    delete item.metadata.resourceVersion;
    item.metadata.labels['n'] = '@N@';
    return { method: 'PUT', path: `${LISTED}/${item.metadata.name}`, body: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...item }) };
  });
}

async function deletes(target: Target, round: number): Promise<readonly LoadRequest[]> {
  const doomed = Array.from({ length: DOOMED }, (_, i) => `doomed-${round}-${i}`);
  await makeAll(target, doomed);
  return doomed.map((name) => ({ method: 'DELETE', path: `${LISTED}/${name}` }));
}

/**
 * Makes what the operations act on, and the user that sends them: a service account with a role of its own, so that every request goes
 * through token review and RBAC. Members of system:masters would skip both. Returns the target as that user.
 */
export async function prepare(admin: Target): Promise<Target> {
  await expectAll(admin, [{ method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench-list' } }) }]);
  const account = (namespace: string, name: string): LoadRequest => ({ method: 'POST', path: `/api/v1/namespaces/${namespace}/serviceaccounts`, body: JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }) });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  // No controller runs here that would make the default accounts; pods are refused without.
  await expectAll(admin, [account('default', 'default'), account('bench-list', 'default'), account('default', 'bench')]);
  await expectAll(admin, [
    { method: 'POST', path: `${rbac}/clusterroles`, body: JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'bench' }, rules: [
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get'] }, { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'create', 'patch'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] },
    ] }) },
    { method: 'POST', path: `${rbac}/clusterrolebindings`, body: JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'bench' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'bench' }, subjects: [{ kind: 'ServiceAccount', name: 'bench', namespace: 'default' }] }) },
  ]);
  const issued = await once(admin, { method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts/bench/token', body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } }) });
  const target = { ...admin, token: (JSON.parse(issued.body) as { status: { token: string } }).status.token };
  await makeAll(target, listed);
  return target;
}

async function makeAll(target: Target, names: readonly string[]): Promise<void> {
  const { failed } = await load(target, names.map((name) => ({ method: 'POST', path: LISTED, body: JSON.stringify(pod(name)) })), { connections: 16, seconds: 120, once: true });
  if (failed > 0) throw new Error(`${failed} pods could not be made`);
}

/** Sends them one by one. @throws where one does not succeed */
async function expectAll(target: Target, requests: readonly LoadRequest[]): Promise<void> {
  for (const request of requests) {
    const { status, body } = await once(target, request);
    if (status >= 300) throw new Error(`${request.method} ${request.path} answered ${status}: ${body.slice(0, 300)}`);
  }
}
