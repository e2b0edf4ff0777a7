import { badRequest, conflict, invalid, modified } from '../api-error.ts';
import { asKind } from '../context.ts';
import { readBody } from '../http/body.ts';
import { subjectOf, type ApiRequest } from '../http/api-request.ts';
import { replyValue } from '../http/reply.ts';
import type { KindObject } from '../kinds/strategy.ts';
import type { JsonObject } from '../patch/json.ts';
import { decodePatched, decodeRequest, parseJson, parseYaml } from '../requests/decode-request.ts';
import { track } from '../requests/ownership.ts';
import { patched, patchTypeOf } from '../requests/patch.ts';
import { readRecord } from '../requests/read.ts';
import { admitSubresource } from './admit-subresource.ts';
import { headOf, updateObject } from '../requests/update.ts';
import { shown, type ServedResource } from '../resources/served-resource.ts';

const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const;

/** Where a kind keeps its replicas and its selector, as paths from the object. */
interface ScalePaths { readonly spec: string; readonly status: string; readonly selector: string | undefined }

function pathsOf(resource: ServedResource): ScalePaths {
  const custom = resource.custom?.version.subresources?.scale;
  if (custom !== undefined) return { spec: custom.specReplicasPath ?? '', status: custom.statusReplicasPath ?? '', selector: custom.labelSelectorPath };
  return { spec: '.spec.replicas', status: '.status.replicas', selector: '.spec.selector' };
}

function at(object: unknown, path: string): unknown {
  return path.split('.').slice(1).reduce<unknown>((o, k) => (o as Record<string, unknown> | undefined)?.[k], object);
}

function withValue(object: Record<string, unknown>, [key = '', ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  return { ...object, [key]: rest.length === 0 ? value : withValue((object[key] ?? {}) as Record<string, unknown>, rest, value) };
}

interface Selector { matchLabels?: Record<string, string>; matchExpressions?: { key: string; operator: string; values?: string[] }[] }

function selectorText(value: unknown): string | undefined {
  if (typeof value === 'string' || value === undefined || value === null) return value ?? undefined;
  const { matchLabels, matchExpressions } = value as Selector;
  const isPlain = matchLabels === undefined && matchExpressions === undefined;
  const labels = Object.entries(isPlain ? (value as Record<string, string>) : matchLabels ?? {}).sort().map(([k, v]) => `${k}=${v}`);
  const rest = (isPlain ? [] : matchExpressions ?? []).map((e) => (e.operator === 'Exists' ? e.key : e.operator === 'DoesNotExist' ? `!${e.key}` : `${e.key} ${e.operator.toLowerCase()} (${(e.values ?? []).join(',')})`));
  return [...labels, ...rest].join(',');
}

function scaleOf(resource: ServedResource, object: KindObject): KindObject {
  const paths = pathsOf(resource);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = paths.selector === undefined ? undefined : selectorText(at(object, paths.selector));
  return {
    kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { ...(at(object, paths.spec) !== undefined && { replicas: at(object, paths.spec) }) },
    status: { replicas: at(object, paths.status) ?? 0, ...(selector !== undefined && { selector }) },
  };
}

/** Reads and sets the replicas of a kind that has them, as one small Scale object. */
export async function handleScale(request: ApiRequest, verb: string): Promise<void> {
  const { resource, req, res } = request;
  if (verb === 'get') return replyValue(req, res, 200, scaleOf(resource, asKind(shown(resource, readRecord(request)))));
  const asked = verb === 'update' ? await decodeRequest(request, scaleKind) : await patchedScale(request);
  const wanted = await admitSubresource({ ...request, subresource: 'scale' }, 'UPDATE', asked, scaleOf(resource, asKind(shown(resource, headOf(request)))));
  const head = headOf(request);
  const old = asKind(shown(resource, head));
  if (wanted.metadata.resourceVersion && wanted.metadata.resourceVersion !== old.metadata.resourceVersion) throw modified(subjectOf(request));
  if (wanted.metadata.uid && wanted.metadata.uid !== old.metadata.uid) throw conflict(subjectOf(request), 'Precondition failed: another object has this name now');
  const replicas = (wanted['spec'] as { replicas?: unknown } | undefined)?.replicas ?? 0;
  if (!Number.isInteger(replicas) || (replicas as number) < 0) throw invalid('autoscaling', 'Scale', request.name ?? '', [{ type: 'Invalid', field: 'spec.replicas', value: replicas, detail: 'It must be a whole number of at least 0' }]);
  const next = withValue(structuredClone(old), pathsOf(resource).spec.split('.').slice(1), replicas) as KindObject;
  const record = await updateObject({ ...request, subresource: undefined }, decodePatched(request, next), head, (object, before) => track({ ...request, subresource: 'scale' }, object, before), true);
  replyValue(req, res, 200, scaleOf(resource, asKind(shown(resource, record))), request.warnings);
}

async function patchedScale(request: ApiRequest): Promise<KindObject> {
  const type = patchTypeOf({ ...request, resource: { ...request.resource, custom: undefined } });
  const body = await readBody(request.req);
  const current = scaleOf(request.resource, asKind(headOf(request).object)) as unknown as JsonObject;
  const patch = type === 'apply' ? parseYaml(request, body) : parseJson(body);
  if (patch === null || typeof patch !== 'object') throw badRequest('The body of a patch must be JSON');
  return decodePatched(request, patched(request, current, patch, type === 'json' ? 'json' : 'merge'), scaleKind);
}
