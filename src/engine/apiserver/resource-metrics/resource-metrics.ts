import type { Node } from '../../../kubernetes/types.generated.ts';
import type { StoredRecord } from '../../store/record.ts';
import { notFound } from '../api-error.ts';
import { collectionOf, type ApiContext } from '../context.ts';
import { subjectOf, type ApiRequest } from '../http/api-request.ts';
import { replyValue } from '../http/reply.ts';
import { strategyFor } from '../kinds/registry.ts';
import { isNamed, selectionOf } from '../requests/read.ts';
import type { ServedResource } from '../resources/served-resource.ts';
import { askNode } from '../subresources/node-proxy.ts';

const group = 'metrics.k8s.io';
const version = 'v1beta1';
const apiVersion = `${group}/${version}`;
const windowText = '10s';

interface Usage {
  readonly cpu?: { readonly time?: string; readonly usageNanoCores?: number };
  readonly memory?: { readonly workingSetBytes?: number };
}

/** The part of a kubelet's `/stats/summary` that is read. */
interface Summary {
  readonly node: Usage & { readonly nodeName: string };
  readonly pods: readonly (Usage & { readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string }; readonly containers: readonly (Usage & { readonly name: string })[] })[];
}

/** `metrics.k8s.io`, which elsewhere a metrics server adds: what nodes and pods use now, asked of their nodes with each request. */
export const resourceMetrics: readonly ServedResource[] = [
  { ...served('nodes', 'NodeMetrics', false), computed: (request) => answer(request, nodeMetrics) },
  { ...served('pods', 'PodMetrics', true), computed: (request) => answer(request, podMetrics) },
];

function served(plural: string, kind: string, namespaced: boolean): ServedResource {
  return { group, version, plural, singular: '', kind, namespaced, shortNames: [], categories: [], verbs: ['get', 'list'], subresources: new Map(), columns: [], storage: '', strategy: strategyFor(group, version, kind), schema: () => undefined };
}

async function answer(request: ApiRequest, items: (request: ApiRequest) => Promise<object[]>): Promise<void> {
  const { req, res, resource } = request;
  const found = await items(request);
  if (request.name === undefined) return replyValue(req, res, 200, { kind: `${resource.kind}List`, apiVersion, metadata: {}, items: found });
  if (found[0] === undefined) throw notFound(subjectOf(request));
  return replyValue(req, res, 200, { kind: resource.kind, apiVersion, ...found[0] });
}

async function nodeMetrics(request: ApiRequest): Promise<object[]> {
  const nodes = selected(request, 'nodes');
  return (await summaries(request.api, nodes.map((n) => n.object.metadata?.name ?? ''))).flatMap(({ node }) => {
    const record = nodes.find((n) => n.object.metadata?.name === node.nodeName);
    return record === undefined ? [] : [{ ...head(record, node), usage: usageOf(node) }];
  });
}

async function podMetrics(request: ApiRequest): Promise<object[]> {
  const pods = new Map(selected(request, 'pods').map((p) => [p.object.metadata?.uid, p]));
  const names = new Set([...pods.values()].map((p) => (p.object as { spec?: { nodeName?: string } }).spec?.nodeName ?? ''));
  return (await summaries(request.api, [...names].filter((n) => n !== ''))).flatMap((summary) => summary.pods.flatMap((pod) => {
    const record = pods.get(pod.podRef.uid);
    // A pod none of whose containers runs has no metrics.
    if (record === undefined || pod.containers.length === 0) return [];
    return [{ ...head(record, pod), containers: pod.containers.map((c) => ({ name: c.name, usage: usageOf(c) })) }];
  }));
}

function selected(request: ApiRequest, plural: 'nodes' | 'pods'): readonly StoredRecord[] {
  const { api } = request;
  const stored = api.registry.find('', 'v1', plural)!;
  const selection = selectionOf({ ...request, resource: stored });
  return [...collectionOf(api, stored).records()].filter((r) => {
    const { namespace, name } = r.object.metadata ?? {};
    return (selection.namespace === undefined || selection.namespace === namespace) && isNamed(selection, name ?? '') && (selection.matches === undefined || selection.matches(r));
  });
}

async function summaries(api: ApiContext, nodeNames: readonly string[]): Promise<Summary[]> {
  const real = nodeNames.filter((name) => ((api.lookups.get('', 'Node', undefined, name) as Node | undefined)?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0) > 0);
  const texts = await Promise.all(real.map((name) => askNode(api, name, '/stats/summary')));
  return texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as Summary]));
}

function head(record: StoredRecord, { cpu }: Usage): object {
  const { name, namespace, labels, creationTimestamp } = record.object.metadata ?? {};
  return { metadata: { name, ...(namespace !== undefined && { namespace }), ...(labels !== undefined && { labels }), creationTimestamp }, timestamp: cpu?.time, window: windowText };
}

const usageOf = ({ cpu, memory }: Usage): object => ({ cpu: `${cpu?.usageNanoCores ?? 0}n`, memory: `${Math.round((memory?.workingSetBytes ?? 0) / 1_024)}Ki` });
