import type { Dialogue, Step } from './dialogue.ts';

type Body = Readonly<Record<string, unknown>>;
const ns = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';

const post = (path: string, body: Body, manager = 'creator'): Step => ({ method: 'POST', path, body, query: { fieldManager: manager } });
const patch = (type: 'json' | 'merge' | 'strategic') => (path: string, body: unknown, manager = 'patcher'): Step => ({ method: 'PATCH', path, type, body, query: { fieldManager: manager } });
const json = patch('json');
const merge = patch('merge');
const strategic = patch('strategic');
const apply = (path: string, manager: string, body: Body, query: Readonly<Record<string, string>> = {}): Step => ({ method: 'PATCH', path, type: 'apply', body, query: { fieldManager: manager, ...query } });
const force = { force: 'true' };

const configMap = (name: string, data: Body, metadata: Body = {}): Body => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data });
const cm = (name: string): string => `${ns}/configmaps/${name}`;
const deployment = (name: string, spec: Body, metadata: Body = {}): Body => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, ...metadata }, spec });
const web = (name: string, containers: readonly Body[], more: Body = {}, pod: Body = {}): Body =>
  deployment(name, { ...more, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers, ...pod } } });
const deploy = (name: string): string => `${apps}/deployments/${name}`;
const template = (spec: Body): Body => ({ spec: { template: { spec } } });
const c = (name: string, more: Body = {}): Body => ({ name, image: `${name}:1`, ...more });

const patches: Dialogue[] = [
  { name: 'json patch', steps: [
    post(`${ns}/configmaps`, configMap('json', { a: '1', b: '2' }, { labels: { x: 'y' } })),
    json(cm('json'), [{ op: 'test', path: '/data/a', value: '1' }, { op: 'replace', path: '/data/a', value: '3' }, { op: 'remove', path: '/data/b' }, { op: 'add', path: '/data/c~1d', value: '4' }]),
    json(cm('json'), [{ op: 'test', path: '/data/a', value: '1' }]),
    json(cm('json'), [{ op: 'remove', path: '/data/none' }]),
    json(cm('json'), [{ op: 'replace', path: '/data/none', value: 'x' }]),
    json(cm('json'), [{ op: 'add', path: '/none/x', value: 'x' }]),
    json(cm('json'), [{ op: 'burn', path: '/data/a' }]),
    json(cm('json'), [{ op: 'move', from: '/data/a', path: '/data/moved' }, { op: 'copy', from: '/data/moved', path: '/data/copied' }]),
    json(cm('json'), { not: 'a list' }),
    json(cm('json'), [{ op: 'add', path: '/data', value: null }]),
    json(cm('json'), [{ op: 'add', path: '/metadata/name', value: 'other' }]),
    json(cm('json'), Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/a', value: '1' }))),
  ] },
  { name: 'merge patch', steps: [
    post(`${ns}/configmaps`, configMap('merge', { a: '1', b: '2' })),
    merge(cm('merge'), { data: { a: null, c: '3' }, metadata: { labels: { l: '1' }, annotations: null } }),
    merge(cm('merge'), { data: { c: '3' } }),
    merge(cm('merge'), { data: null }),
    merge(cm('merge'), { data: { a: 1 } }),
    merge(cm('merge'), []),
  ] },
  { name: 'strategic merge patch', steps: [
    post(`${apps}/deployments`, web('smp', [c('a', { ports: [{ containerPort: 80 }], env: [{ name: 'X', value: '1' }, { name: 'Y', value: '2' }], args: ['x'] }), c('b')], {}, { volumes: [{ name: 'v', emptyDir: {} }], tolerations: [{ key: 'k', operator: 'Exists' }] })),
    strategic(deploy('smp'), template({ containers: [{ name: 'b', image: 'b:2' }, c('n')] })),
    strategic(deploy('smp'), template({ containers: [{ name: 'n', $patch: 'delete' }] })),
    strategic(deploy('smp'), template({ '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'a', env: [{ name: 'Z', value: '3' }, { name: 'X', $patch: 'delete' }], args: ['y'] }] })),
    strategic(deploy('smp'), { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }),
    strategic(deploy('smp'), template({ volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'cm' } }] })),
    strategic(deploy('smp'), template({ containers: [{ $patch: 'replace' }, c('only', { ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] })] })),
    strategic(deploy('smp'), template({ containers: [{ name: 'only', ports: [{ containerPort: 80, hostPort: 8080 }] }] })),
    strategic(deploy('smp'), template({ tolerations: [{ key: 'z', operator: 'Exists' }] })),
    strategic(deploy('smp'), { metadata: { finalizers: ['example.org/a', 'example.org/b'], annotations: { n: 'v' } } }),
    strategic(deploy('smp'), { metadata: { finalizers: ['example.org/c'] } }),
    strategic(deploy('smp'), { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.org/a'] } }),
    strategic(deploy('smp'), { metadata: { '$setElementOrder/finalizers': ['example.org/c', 'example.org/b'], finalizers: ['example.org/c'] } }),
    strategic(deploy('smp'), { metadata: { annotations: { $patch: 'replace', only: '1' } } }),
    strategic(deploy('smp'), { metadata: { annotations: { $patch: 'delete' } } }),
    strategic(deploy('smp'), { metadata: { annotations: { $patch: 'merge', x: '1' } } }),
    strategic(deploy('smp'), template({ containers: [{ image: 'x' }] })),
    strategic(deploy('smp'), template({ '$setElementOrder/containers': [{ name: 'zzz' }], containers: [{ name: 'only', image: 'q' }] })),
    strategic(deploy('smp'), { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: { maxSurge: 1 } } } }),
    strategic(deploy('smp'), { spec: 'no' }),
    strategic(deploy('smp'), { metadata: { finalizers: null } }),
  ] },
];

const applies: Dialogue[] = [
  { name: 'apply creates, shares, conflicts, forces and prunes', steps: [
    apply(cm('ssa'), 'a', configMap('ssa', { x: '1', y: '2' })),
    apply(cm('ssa'), 'a', configMap('ssa', { x: '1', y: '2' })),
    apply(cm('ssa'), 'b', configMap('ssa', { x: '1' })),
    apply(cm('ssa'), 'b', configMap('ssa', { x: '9', z: '3' })),
    apply(cm('ssa'), 'b', configMap('ssa', { x: '9', z: '3' }), force),
    apply(cm('ssa'), 'a', configMap('ssa', { y: '2' })),
    apply(cm('ssa'), 'a', configMap('ssa', {})),
    merge(cm('ssa'), { data: { z: '4' } }),
    apply(cm('ssa'), 'b', configMap('ssa', { x: '9', z: '3' })),
    apply(cm('ssa'), 'b', configMap('ssa', { x: '9' })),
    merge(cm('ssa'), { data: { z: null } }),
    apply(cm('ssa'), 'c', configMap('ssa', {}, { labels: { l: '1' }, annotations: { n: '1' } })),
    apply(cm('ssa'), 'c', configMap('ssa', {}, { labels: { m: '1' } })),
    apply(cm('ssa'), 'c', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ssa' } }),
  ] },
  { name: 'apply is refused', steps: [
    { method: 'PATCH', path: cm('refused'), type: 'apply', body: configMap('refused', { a: '1' }) },
    apply(cm('refused'), 'a', { ...configMap('refused', { a: '1' }), apiVersion: 'v2' }),
    apply(cm('refused'), 'a', configMap('refused', { a: '1' }, { managedFields: [{ manager: 'x' }] })),
    apply(deploy('refused'), 'a', web('refused', [c('a'), c('a')])),
    apply(deploy('refused'), 'a', web('refused', [{ image: 'x' }])),
    apply(deploy('refused'), 'a', web('refused', [c('a')], { none: 1 })),
    apply(deploy('refused'), 'a', web('refused', [c('a')], { none: 1 }), { fieldValidation: 'Ignore' }),
    { method: 'PATCH', path: cm('refused'), type: 'merge', body: {}, query: { force: 'true' } },
  ] },
  { name: 'lists of a deployment', steps: [
    apply(deploy('lists'), 'a', web('lists', [c('one', { ports: [{ containerPort: 80 }], env: [{ name: 'E', value: '1' }], args: ['1'] }), c('two')], { replicas: 2 })),
    apply(deploy('lists'), 'b', web('lists', [c('three')])),
    apply(deploy('lists'), 'b', deployment('lists', { template: { spec: { containers: [{ name: 'one', env: [{ name: 'F', value: '2' }], ports: [{ containerPort: 81, name: 'x' }] }] } } })),
    apply(deploy('lists'), 'a', web('lists', [c('two'), c('one', { args: ['2', '3'] })])),
    apply(deploy('lists'), 'b', deployment('lists', { template: { spec: { containers: [{ name: 'one', args: ['9'] }] } } })),
    apply(deploy('lists'), 'b', deployment('lists', {})),
    apply(deploy('lists'), 'c', deployment('lists', { selector: { matchLabels: { app: 'other' } } })),
    apply(deploy('lists'), 'a', web('lists', [c('one')], { strategy: { type: 'Recreate' } })),
  ] },
  { name: 'sets', steps: [
    apply(cm('sets'), 'a', configMap('sets', {}, { finalizers: ['example.org/a', 'example.org/b'] })),
    apply(cm('sets'), 'b', configMap('sets', {}, { finalizers: ['example.org/b', 'example.org/c'] })),
    apply(cm('sets'), 'a', configMap('sets', {}, { finalizers: ['example.org/z'] })),
    apply(cm('sets'), 'b', configMap('sets', {})),
    apply(cm('sets'), 'a', configMap('sets', {})),
  ] },
  { name: 'updates are tracked', steps: [
    post(`${apps}/deployments`, web('tracked', [c('a', { resources: { limits: { cpu: '1' } }, securityContext: {}, volumeMounts: [{ name: 'v', mountPath: '/v' }] })], { replicas: 1 }, { volumes: [{ name: 'v', emptyDir: {} }], tolerations: [{ operator: 'Exists' }] })),
    strategic(deploy('tracked'), template({ containers: [{ name: 'a', image: 'a:2' }] })),
    merge(deploy('tracked'), { metadata: { labels: { l: '1' } }, spec: { replicas: 2 } }),
    merge(deploy('tracked'), { spec: { replicas: 2 } }),
    apply(deploy('tracked'), 'a', deployment('tracked', { replicas: 3 })),
    merge(deploy('tracked'), { spec: { replicas: 4 } }, 'creator'),
    { ...merge(`${deploy('tracked')}/status`, { status: { replicas: 1, conditions: [{ type: 'X', status: 'True' }] }, metadata: { labels: { no: '1' } } }) },
    merge(deploy('tracked'), { metadata: { managedFields: [] } }),
    merge(deploy('tracked'), { metadata: { managedFields: [{}] } }),
    merge(deploy('tracked'), { spec: { replicas: 5 } }),
    apply(deploy('tracked'), 'a', deployment('tracked', { replicas: 5 })),
  ] },
  { name: 'creates are tracked', steps: [
    post(`${ns}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }),
    post(`${ns}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tracked', labels: { a: 'b' }, ownerReferences: [] }, spec: { containers: [c('a', { ports: [{ containerPort: 80 }], env: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }], resources: { requests: { cpu: '1' } } })], nodeSelector: { a: 'b' }, automountServiceAccountToken: false } }),
    post(`${ns}/services`, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'tracked' }, spec: { selector: { a: 'b' }, ports: [{ port: 80, targetPort: 'x' }] } }),
    post(`${ns}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tracked' }, stringData: { a: 'b' } }),
    post('/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'tracked' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
    post('/apis/coordination.k8s.io/v1/namespaces/default/leases', { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'tracked' }, spec: { holderIdentity: 'me' } }),
    post(`${apps}/controllerrevisions`, { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'tracked' }, revision: 1, data: { a: { b: 1 }, c: [] } }),
    post(`${apps}/statefulsets`, { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'tracked' }, spec: { serviceName: 's', selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [c('a')] } }, volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }] } }),
    post('/apis/batch/v1/namespaces/default/cronjobs', { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'tracked' }, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [c('a')] } } } } } }),
  ] },
  { name: 'apply on the annotation of a client', steps: [
    post(`${ns}/configmaps`, configMap('csa', { a: '1', b: '2' }, { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"csa"},"data":{"a":"1","b":"2"}}\n' } }), 'kubectl-client-side-apply'),
    apply(cm('csa'), 'kubectl', configMap('csa', { a: '5' })),
    merge(cm('csa'), { data: { q: '1' } }),
    apply(cm('csa'), 'kubectl', configMap('csa', { a: '5', q: '2' })),
  ] },
  { name: 'scale', steps: [
    apply(deploy('scaled'), 'a', web('scaled', [c('a')], { replicas: 1 })),
    { method: 'GET', path: `${deploy('scaled')}/scale` },
    merge(`${deploy('scaled')}/scale`, { spec: { replicas: 3 } }, 'scaler'),
    { method: 'GET', path: deploy('scaled') },
    apply(deploy('scaled'), 'a', web('scaled', [c('a')], { replicas: 1 })),
    apply(deploy('scaled'), 'a', web('scaled', [c('a')])),
  ] },
  { name: 'services', steps: [
    apply(`${ns}/services/svc`, 'a', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'svc' }, spec: { selector: { a: 'b' }, ports: [{ port: 80 }, { port: 80, protocol: 'UDP', name: 'u' }] } }),
    apply(`${ns}/services/svc`, 'a', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'svc' }, spec: { selector: { a: 'b' }, ports: [{ port: 80, name: 't' }, { port: 80, protocol: 'UDP', name: 'u' }] } }),
    apply(`${ns}/services/svc`, 'b', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'svc' }, spec: { ports: [{ port: 81, name: 'v' }] } }),
    apply(`${ns}/services/svc`, 'b', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'svc' }, spec: { selector: { a: 'c' } } }),
    apply(`${ns}/services/svc`, 'a', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'svc' }, spec: { ports: [{ port: 80, name: 't' }] } }),
  ] },
];

const widgets = '/apis/example.org/v1/namespaces/default/widgets';
const widget = (name: string, spec: Body, more: Body = {}): Body => ({ apiVersion: 'example.org/v1', kind: 'Widget', metadata: { name }, spec, ...more });
const custom: Dialogue[] = [
  { name: 'custom resources', steps: [
    post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.org' },
      spec: { group: 'example.org', scope: 'Namespaced', names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' }, versions: [{
        name: 'v1', served: true, storage: true, subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, spec: { type: 'object', properties: {
          size: { type: 'integer', default: 1 }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          parts: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'], items: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, n: { type: 'integer' } } } },
          tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
          whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: { type: 'string' }, b: { type: 'string' } } },
          plain: { type: 'array', items: { type: 'string' } }, map: { type: 'object', additionalProperties: { type: 'string' } },
        } } } } },
      }] },
    }),
    { method: 'GET', path: '/apis/example.org/v1' },
    post(widgets, widget('one', { free: { a: { b: 1 } }, parts: [{ id: 'x', n: 1 }], tags: ['t'], whole: { a: '1' }, plain: ['p'], map: { k: 'v' } }, { status: { no: 1 } })),
    apply(`${widgets}/two`, 'a', widget('two', { parts: [{ id: 'x', n: 1 }, { id: 'y' }], tags: ['t', 'u'], whole: { a: '1' }, free: { a: { b: 1 }, c: [1] } })),
    apply(`${widgets}/two`, 'b', widget('two', { parts: [{ id: 'x', n: 2 }], whole: { b: '1' }, free: { a: { d: 1 }, c: [2] } })),
    apply(`${widgets}/two`, 'b', widget('two', { parts: [{ id: 'z', n: 2 }], tags: ['u', 'w'], free: { a: { d: 1 } }, map: { k: 'v' } })),
    apply(`${widgets}/two`, 'a', widget('two', { parts: [{ id: 'y', n: 5 }], tags: ['t'] })),
    apply(`${widgets}/two/status`, 's', widget('two', {}, { status: { phase: 'Good', conditions: [{ type: 'A' }] } })),
    merge(`${widgets}/two/status`, { status: { phase: 'Bad' }, spec: { size: 9 } }),
    strategic(`${widgets}/two`, { spec: { size: 2 } }),
    merge(`${widgets}/two`, { spec: { size: 3, tags: null } }),
    apply(`${widgets}/two`, 'a', widget('two', { unknown: 1 })),
  ] },
];

export const dialogues: readonly Dialogue[] = [...patches, ...applies, ...custom];
