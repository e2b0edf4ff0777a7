import type { KubernetesObject } from '../../../client/resource.ts';
import { badRequest } from '../api-error.ts';
import type { ServedResource } from '../resources/served-resource.ts';

/** Fields beside metadata.name and metadata.namespace, by `group/plural`, with their value where the object leaves them out. */
const selectable: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/pods': { 'spec.nodeName': '', 'spec.restartPolicy': '', 'spec.schedulerName': '', 'spec.serviceAccountName': '', 'spec.hostNetwork': 'false', 'status.phase': '', 'status.podIP': '', 'status.podIPs': '', 'status.nominatedNodeName': '' },
  '/events': { 'involvedObject.kind': '', 'involvedObject.namespace': '', 'involvedObject.name': '', 'involvedObject.uid': '', 'involvedObject.apiVersion': '', 'involvedObject.resourceVersion': '', 'involvedObject.fieldPath': '', reason: '', reportingComponent: '', source: '', type: '' },
  'events.k8s.io/events': { 'regarding.kind': '', 'regarding.namespace': '', 'regarding.name': '', 'regarding.uid': '', 'regarding.apiVersion': '', 'regarding.resourceVersion': '', 'regarding.fieldPath': '', reason: '', reportingController: '', type: '' },
  '/secrets': { type: '' },
  '/namespaces': { 'status.phase': '', name: '' },
  '/nodes': { 'spec.unschedulable': 'false' },
  '/services': { 'spec.clusterIP': '', 'spec.type': '' },
  '/replicationcontrollers': { 'status.replicas': '0' },
  'apps/replicasets': { 'status.replicas': '0' },
  'batch/jobs': { 'status.successful': '0' },
  'certificates.k8s.io/certificatesigningrequests': { 'spec.signerName': '' },
  'resource.k8s.io/resourceslices': { 'spec.nodeName': '', 'spec.driver': '' },
};

export interface FieldRequirement {
  readonly field: string;
  readonly value: string;
  readonly equal: boolean;
}

export type ObjectPredicate = (object: KubernetesObject) => boolean;

/** Parses `a=b,c!=d`; `\` escapes a comma, an equals sign or itself in values.
 *  @throws {StatusError} 400 for a wrong form */
export function parseFieldSelector(text: string): FieldRequirement[] {
  if (text.trim() === '') return [];
  const parts = text.match(/(?:\\.|[^,\\])+/g) ?? [];
  return parts.map((part) => {
    const match = /^\s*([^=!\s]+)\s*(==|!=|=)((?:\\.|[^\\])*)$/.exec(part);
    if (match === null) throw badRequest(`invalid selector: ${JSON.stringify(text)}; can't understand ${JSON.stringify(part)}`);
    return { field: match[1] as string, equal: match[2] !== '!=', value: (match[3] as string).replace(/\\(.)/g, '$1') };
  });
}

/** @throws {StatusError} 400 for a field that the kind cannot be selected by */
export function fieldPredicate(resource: ServedResource, requirements: readonly FieldRequirement[]): ObjectPredicate {
  const own = selectable[`${resource.group}/${resource.plural}`] ?? {};
  const custom = resource.custom?.version.selectableFields?.map((f) => f.jsonPath.replace(/^\./, '')) ?? [];
  const tests = requirements.map(({ field, value, equal }): ObjectPredicate => {
    const fallback = field === 'metadata.name' || field === 'metadata.namespace' || custom.includes(field) ? '' : Object.hasOwn(own, field) ? own[field] : undefined;
    if (fallback === undefined) throw badRequest(`field label not supported: ${field}`);
    return (object) => (fieldValue(resource, object, field, fallback) === value) === equal;
  });
  return (object) => tests.every((t) => t(object));
}

function fieldValue(resource: ServedResource, object: KubernetesObject, field: string, fallback: string): string {
  const path = field === 'source' && resource.plural === 'events' ? 'source.component'
    : field === 'status.successful' ? 'status.succeeded'
      : field === 'name' && resource.plural === 'namespaces' ? 'metadata.name' : field;
  let value: unknown = object;
  for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined | null)?.[part];
  if (field === 'status.podIPs') return (value as { ip: string }[] | undefined)?.map((p) => p.ip).join(',') ?? '';
  // An event of the newer API names its source as the reporting component.
  if (path === 'source.component' && !value) value = (object as { reportingComponent?: string }).reportingComponent;
  return value === undefined || value === null ? fallback : String(value);
}
