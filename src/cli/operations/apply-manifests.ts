import { parseAllDocuments } from 'yaml';
import type { Client } from '../../client/client.ts';
import { keyString, resource, type KubernetesObject, type Resource } from '../../client/resource.ts';
import { UserError } from '../user-error.ts';

/** Applies every document of a YAML text, in its order, with server-side apply. Returns `Kind namespace/name` of each. Nothing is sent unless all can be read. */
export async function applyManifests(client: Client, text: string, where: string, namespace = 'default'): Promise<string[]> {
  return applyObjects(client, readManifests(text, where), where, namespace);
}

/** Applies objects in their order. */
export async function applyObjects(client: Client, objects: readonly KubernetesObject[], where: string, namespace = 'default'): Promise<string[]> {
  const applied: string[] = [];
  for (const object of objects) {
    const found = await resourceOf(client, object, where);
    const placed = found.namespaced ? { ...object, metadata: { ...object.metadata, namespace: object.metadata?.namespace ?? namespace } } : object;
    const result = await client.apply(found, placed, { fieldManager: 'aweigh-cli', force: true });
    applied.push(`${object.kind} ${keyString({ ...(result.metadata?.namespace === undefined ? {} : { namespace: result.metadata.namespace }), name: result.metadata?.name ?? '' })}`);
  }
  return applied;
}

export function readManifests(text: string, where: string): KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw new UserError(`${where} is not valid YAML: ${problem.message}`);
    const object = document.toJS() as KubernetesObject | null;
    if (object === null) return [];
    if (typeof object !== 'object' || !object.apiVersion || !object.kind || !object.metadata?.name) throw new UserError(`${where}: every document needs apiVersion, kind and metadata.name`);
    return [object];
  });
}

/** The served resource of an object's kind.
 *  @throws {UserError} when the cluster has no such kind */
export async function resourceOf(client: Client, object: KubernetesObject, where: string): Promise<Resource> {
  const apiVersion = object.apiVersion ?? '';
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const reply = await client.raw('GET', group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
  if (reply.status === 404) throw new UserError(`${where}: the cluster has no ${apiVersion}; 'kubectl api-versions' lists what it has`);
  const { resources = [] } = JSON.parse(reply.body) as { resources?: { name: string; kind: string; namespaced: boolean }[] };
  const found = resources.find((r) => r.kind === object.kind && !r.name.includes('/'));
  if (found === undefined) throw new UserError(`${where}: ${apiVersion} has no kind ${object.kind}; 'kubectl api-resources' lists what there is`);
  return resource(group, version, found.name, found.kind, found.namespaced);
}
