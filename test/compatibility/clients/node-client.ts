/** `@kubernetes/client-node`: typed calls, patches, a watch, an informer and errors. usage: node node-client.ts KUBECONFIG; prints one line of JSON for each step. */
import * as k8s from '@kubernetes/client-node';

const namespace = 'node-clients';
const say = (step: string, result: unknown): void => console.log(JSON.stringify({ step, result }));

async function codeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (error) {
    if (!(error instanceof k8s.ApiException)) throw error;
    const body = error.body as unknown;
    return [error.code, (typeof body === 'string' ? (JSON.parse(body) as { reason?: string }) : (body as { reason?: string })).reason];
  }
}

const kubeconfig = new k8s.KubeConfig();
kubeconfig.loadFromFile(process.argv[2] ?? '');
const core = kubeconfig.makeApiClient(k8s.CoreV1Api), apps = kubeconfig.makeApiClient(k8s.AppsV1Api), access = kubeconfig.makeApiClient(k8s.AuthorizationV1Api);
const as = (strategy: string) => k8s.setHeaderOptions('Content-Type', strategy);
const configMap = (name: string, more: object = {}): k8s.V1ConfigMap => ({ metadata: { name, labels: { l: '1' } }, data: { k: 'v' }, ...more });

await core.createNamespace({ body: { metadata: { name: namespace } } });
const made = await core.createNamespacedConfigMap({ namespace, body: configMap('a') });
say('created', [made.metadata?.name, made.data, made.metadata?.creationTimestamp instanceof Date]);
say('create twice', await codeOf(() => core.createNamespacedConfigMap({ namespace, body: configMap('a') })));
say('merge patch', (await core.patchNamespacedConfigMap({ name: 'a', namespace, body: { data: { k: null, n: 'm' } } }, as(k8s.PatchStrategy.MergePatch))).data);
say('JSON patch', (await core.patchNamespacedConfigMap({ name: 'a', namespace, body: [{ op: 'add', path: '/data/j', value: 'p' }] }, as(k8s.PatchStrategy.JsonPatch))).data);
say('strategic merge patch', (await core.patchNamespacedConfigMap({ name: 'a', namespace, body: { data: { s: 'm' } } }, as(k8s.PatchStrategy.StrategicMergePatch))).data);
const applied = await core.patchNamespacedConfigMap({ name: 'a', namespace, fieldManager: 'client-node', body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { applied: 'yes' } } }, as(k8s.PatchStrategy.ServerSideApply));
say('applied', [applied.data, applied.metadata?.managedFields?.map((entry) => entry.operation).sort()]);
say('update of an old version', await codeOf(() => core.replaceNamespacedConfigMap({ name: 'a', namespace, body: made })));
say('no such', await codeOf(() => core.readNamespacedConfigMap({ name: 'none', namespace })));
say('invalid', await codeOf(() => core.createNamespacedConfigMap({ namespace, body: configMap('Bad_') })));
say('unknown field', await codeOf(() => core.createNamespacedConfigMap({ namespace, fieldValidation: 'Strict', body: { ...configMap('b'), immutable: 'no' } as unknown as k8s.V1ConfigMap })));

const listed = await core.listNamespacedConfigMap({ namespace, labelSelector: 'l=1' });
say('listed', listed.items.map((item) => item.metadata?.name));
await core.createNamespacedConfigMap({ namespace, body: configMap('b') });
await core.patchNamespacedConfigMap({ name: 'b', namespace, body: { metadata: { labels: { l: '2' } } } }, as(k8s.PatchStrategy.MergePatch));
await core.deleteNamespacedConfigMap({ name: 'a', namespace });
const seen: unknown[] = [];
await new Promise<void>((resolve, reject) => {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  void new k8s.Watch(kubeconfig).watch(path, { labelSelector: 'l=1', resourceVersion: listed.metadata?.resourceVersion ?? '', timeoutSeconds: 60 }, (type, object: k8s.V1ConfigMap) => {
    seen.push([type, object.metadata?.name]);
    if (seen.length === 3) resolve();
  }, (error: unknown) => { if (seen.length < 3) reject(error instanceof Error ? error : new Error('The watch ended early')); }).then((controller) => { process.on('exit', () => controller.abort()); }, reject);
});
say('watched', seen);

const informer = k8s.makeInformer(kubeconfig, `/api/v1/namespaces/${namespace}/secrets`, () => core.listNamespacedSecret({ namespace }));
const added = new Promise<string | undefined>((resolve) => { informer.on('add', (secret) => { resolve(secret.metadata?.name); }); });
await informer.start();
await core.createNamespacedSecret({ namespace, body: { metadata: { name: 's' }, stringData: { a: 'b' } } });
say('informed', await added);
await informer.stop();

const deployment = await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'registry.example/c:1' }] } } } } });
say('defaulted', [deployment.spec?.replicas, deployment.spec?.strategy?.type, deployment.spec?.template.spec?.restartPolicy]);
say('scaled', (await apps.patchNamespacedDeploymentScale({ name: 'd', namespace, body: { spec: { replicas: 4 } } }, as(k8s.PatchStrategy.MergePatch))).spec?.replicas);
say('reviewed', (await access.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes: { resource: 'pods', verb: 'list', namespace } } } })).status?.allowed);
say('version', (await kubeconfig.makeApiClient(k8s.VersionApi).getCode()).minor.replace('+', ''));
await core.deleteNamespace({ name: namespace });
say('done', true);
process.exit(0);
