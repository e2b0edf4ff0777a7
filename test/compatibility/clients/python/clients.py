"""The Python client: typed calls, a watch, patches and errors. usage: clients.py KUBECONFIG; prints one line of JSON for each step."""
import json
import sys
import time

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException

NAMESPACE = 'python-clients'


def say(step, result):
    print(json.dumps({'step': step, 'result': result}), flush=True)


def code_of(call):
    try:
        call()
    except ApiException as error:
        return [error.status, json.loads(error.body)['reason']]
    return None


config.load_kube_config(sys.argv[1])
core, apps, custom, extensions = client.CoreV1Api(), client.AppsV1Api(), client.CustomObjectsApi(), client.ApiextensionsV1Api()
core.create_namespace({'metadata': {'name': NAMESPACE}})
made = core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=client.V1ObjectMeta(name='a', labels={'l': '1'}), data={'k': 'v'}))
say('created', [made.metadata.name, made.data])
say('create twice', code_of(lambda: core.create_namespaced_config_map(NAMESPACE, {'metadata': {'name': 'a'}})))
say('patched', core.patch_namespaced_config_map('a', NAMESPACE, {'data': {'k': None, 'n': 'm'}}).data)
old = core.read_namespaced_config_map('a', NAMESPACE)
core.patch_namespaced_config_map('a', NAMESPACE, {'data': {'x': 'y'}})
say('update of an old version', code_of(lambda: core.replace_namespaced_config_map('a', NAMESPACE, old)))
say('no such', code_of(lambda: core.read_namespaced_config_map('none', NAMESPACE)))
say('invalid', code_of(lambda: core.create_namespaced_config_map(NAMESPACE, {'metadata': {'name': 'Bad_'}})))
say('dry run', [core.create_namespaced_config_map(NAMESPACE, {'metadata': {'name': 'dry'}}, dry_run='All').metadata.name, code_of(lambda: core.read_namespaced_config_map('dry', NAMESPACE))])

listed = core.list_namespaced_config_map(NAMESPACE, label_selector='l=1')
say('listed', [item.metadata.name for item in listed.items])
core.create_namespaced_config_map(NAMESPACE, {'metadata': {'name': 'b', 'labels': {'l': '1'}}})
core.patch_namespaced_config_map('b', NAMESPACE, {'metadata': {'labels': {'l': '2'}}})
core.delete_namespaced_config_map('a', NAMESPACE)
seen = []
for event in watch.Watch().stream(core.list_namespaced_config_map, NAMESPACE, label_selector='l=1', resource_version=listed.metadata.resource_version, timeout_seconds=60):
    seen.append([event['type'], event['object'].metadata.name])
    if len(seen) == 3:
        break
say('watched', seen)

deployment = apps.create_namespaced_deployment(NAMESPACE, {'metadata': {'name': 'd'}, 'spec': {'selector': {'matchLabels': {'a': 'b'}}, 'template': {'metadata': {'labels': {'a': 'b'}}, 'spec': {'containers': [{'name': 'c', 'image': 'registry.example/c:1'}]}}}})
say('defaulted', [deployment.spec.replicas, deployment.spec.strategy.type, deployment.spec.template.spec.restart_policy])
say('scaled', apps.patch_namespaced_deployment_scale('d', NAMESPACE, {'spec': {'replicas': 4}}).spec.replicas)

extensions.create_custom_resource_definition({
    'metadata': {'name': 'pythons.clients.example.com'},
    'spec': {'group': 'clients.example.com', 'scope': 'Namespaced', 'names': {'plural': 'pythons', 'kind': 'Python'}, 'versions': [{'name': 'v1', 'served': True, 'storage': True, 'subresources': {'status': {}}, 'schema': {'openAPIV3Schema': {'type': 'object', 'properties': {'spec': {'type': 'object', 'properties': {'length': {'type': 'integer', 'minimum': 1, 'default': 3}}}, 'status': {'type': 'object', 'properties': {'fed': {'type': 'boolean'}}}}}}}]},
})
for event in watch.Watch().stream(extensions.list_custom_resource_definition, field_selector='metadata.name=pythons.clients.example.com', timeout_seconds=60):
    conditions = {c.type: c.status for c in (event['object'].status.conditions or [])} if event['object'].status else {}
    if conditions.get('Established') == 'True':
        break
path = ('clients.example.com', 'v1', NAMESPACE, 'pythons')


def eventually(call):
    """A definition that is established may be served a moment later."""
    for _ in range(100):
        try:
            return call()
        except ApiException as error:
            if error.status != 404:
                raise
            time.sleep(0.1)
    return call()


thing = eventually(lambda: custom.create_namespaced_custom_object(*path, {'apiVersion': 'clients.example.com/v1', 'kind': 'Python', 'metadata': {'name': 'p'}, 'spec': {}}))
say('custom', [thing['spec'], thing['metadata']['generation']])
say('custom invalid', code_of(lambda: custom.create_namespaced_custom_object(*path, {'apiVersion': 'clients.example.com/v1', 'kind': 'Python', 'metadata': {'name': 'q'}, 'spec': {'length': 0}})))
say('custom status', custom.patch_namespaced_custom_object_status(*path, 'p', {'status': {'fed': True}, 'spec': {'length': 9}}).get('status'))
say('reviewed', client.AuthorizationV1Api().create_self_subject_access_review({'spec': {'resourceAttributes': {'resource': 'pods', 'verb': 'list', 'namespace': NAMESPACE}}}).status.allowed)
say('version', client.VersionApi().get_code().minor.rstrip('+'))
extensions.delete_custom_resource_definition('pythons.clients.example.com')
core.delete_namespace(NAMESPACE)
say('done', True)
