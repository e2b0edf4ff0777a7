import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from '../../../client/resource.ts';
import { StatusError } from '../../../client/status-error.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, Status } from '../../../kubernetes/types.generated.ts';
import { internalError } from '../api-error.ts';
import type { ApiContext } from '../context.ts';
import type { Conversion } from '../resources/served-resource.ts';
import { callWebhook } from '../webhooks/call.ts';
import { fillDefaults } from './defaults.ts';

const timeoutSeconds = 30;
const keptLimit = 10_000;
/** Objects of one review: a list of thousands takes several. */
const batchSize = 500;

interface ReviewResponse {
  readonly uid?: string;
  readonly result?: Status;
  readonly convertedObjects?: readonly KubernetesObject[];
}

/** An object is not converted yet: who meets this awaits `prepare` of the conversion for it and reads again. */
export class UnconvertedError extends StatusError {
  readonly object: KubernetesObject;
  constructor(object: KubernetesObject, apiVersion: string) {
    super({ code: 503, reason: 'ServiceUnavailable', message: `${object.kind} ${object.metadata?.name} is not converted to ${apiVersion} yet: try again` });
    this.object = object;
  }
}

/** How one version shows what another wrote, where a webhook converts. Objects stay stored as they were written and are converted when read, so that a webhook that is
 *  away stops no write; what was converted is kept for as long as the object stays as it is. */
export function webhookConversion(api: ApiContext, { spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): Conversion {
  const apiVersion = `${spec?.group}/${version.name}`;
  const schema = version.schema?.openAPIV3Schema;
  const kept = new Map<string, KubernetesObject>();
  const keyOf = ({ metadata }: KubernetesObject): string => `${metadata?.uid}/${metadata?.resourceVersion}`;
  const convert = async (objects: readonly KubernetesObject[]): Promise<void> => {
    const converted = await review(api, spec?.conversion?.webhook, objects, apiVersion);
    objects.forEach((object, i) => {
      const { metadata, kind } = converted[i] as KubernetesObject;
      // Only labels and annotations are the webhook's to change.
      const { labels: _labels, annotations: _annotations, ...own } = object.metadata ?? {};
      const { labels, annotations } = metadata ?? {};
      const fields = { ...(converted[i] as KubernetesObject) } as Record<string, unknown>;
      delete fields['metadata'];
      if (schema !== undefined) fillDefaults(fields, schema);
      if (kept.size >= keptLimit) kept.clear();
      kept.set(keyOf(object), { ...fields, apiVersion, kind, metadata: { ...own, ...(labels && { labels }), ...(annotations && { annotations }) } } as KubernetesObject);
    });
  };
  return {
    toStored: (object) => object,
    fromStored(object) {
      if (object.apiVersion === apiVersion) return object;
      const found = kept.get(keyOf(object));
      if (found === undefined) throw new UnconvertedError(object, apiVersion);
      return found;
    },
    async prepare(objects) {
      const missing = objects.filter((o) => o.apiVersion !== apiVersion && !kept.has(keyOf(o)));
      for (let at = 0; at < missing.length; at += batchSize) await convert(missing.slice(at, at + batchSize));
    },
  };
}

/** @throws {StatusError} 500 where the webhook fails, or changes what is not its to change */
async function review(api: ApiContext, webhook: NonNullable<NonNullable<CustomResourceDefinition['spec']>['conversion']>['webhook'], objects: readonly KubernetesObject[], apiVersion: string): Promise<readonly KubernetesObject[]> {
  const uid = randomUUID();
  try {
    const answer = (await callWebhook(api, webhook?.clientConfig ?? {}, { kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', request: { uid, desiredAPIVersion: apiVersion, objects } }, timeoutSeconds)) as { response?: ReviewResponse } | null;
    const response = answer?.response;
    if (response?.uid !== uid) throw new Error('its answer is not for the request it was sent');
    if (response.result?.status !== 'Success') throw new Error(response.result?.message ?? 'it refuses without a message');
    const { convertedObjects = [] } = response;
    if (convertedObjects.length !== objects.length) throw new Error(`it answered ${convertedObjects.length} objects for ${objects.length}`);
    convertedObjects.forEach((converted, i) => {
      const { kind, metadata } = objects[i] as KubernetesObject;
      if (converted.apiVersion !== apiVersion || converted.kind !== kind) throw new Error(`it answered a ${converted.apiVersion} ${converted.kind} for a ${apiVersion} ${kind}`);
      for (const field of ['name', 'namespace', 'uid'] as const) if (converted.metadata?.[field] !== metadata?.[field]) throw new Error(`it changed metadata.${field} of ${metadata?.name}`);
    });
    return convertedObjects;
  } catch (error) {
    throw internalError(new Error(`conversion webhook for ${objects[0]?.apiVersion}, Kind=${objects[0]?.kind} failed: ${(error as Error).message}`, { cause: error }));
  }
}
