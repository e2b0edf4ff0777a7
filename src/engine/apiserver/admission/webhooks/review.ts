import type { MutatingWebhook, Status } from '../../../../kubernetes/types.generated.ts';
import { StatusError } from '../../../../client/status-error.ts';
import { internalError } from '../../api-error.ts';
import type { ApiContext } from '../../context.ts';
import type { StrategyContext } from '../../kinds/strategy.ts';
import { callWebhook, WebhookError } from '../../webhooks/call.ts';
import type { AdmissionRequest } from '../admission.ts';
import { describeRequest } from '../matching/variables.ts';

interface ReviewResponse {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: Status;
  readonly patch?: string;
  readonly patchType?: string;
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** What a webhook allows, and says beside it. */
export interface Reviewed {
  readonly warnings: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** A JSON patch, as text; absent where it changes nothing. */
  readonly patch?: string;
}

/** Asks one webhook. Undefined: it failed, and its failure policy lets the request pass.
 *  @throws {StatusError} what the webhook refuses with, or 500 where it fails and its policy is Fail */
export async function review(api: ApiContext, hook: MutatingWebhook, request: AdmissionRequest, context: StrategyContext): Promise<Reviewed | undefined> {
  try {
    return await ask(api, hook, request, context);
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    if (hook.failurePolicy === 'Ignore') {
      api.log.warn({ webhook: hook.name, error: error.message }, 'An admission webhook failed and is ignored, as its failure policy says');
      return undefined;
    }
    throw internalError(new Error(`failed calling webhook "${hook.name}": ${error.message}`, { cause: error }));
  }
}

async function ask(api: ApiContext, hook: MutatingWebhook, request: AdmissionRequest, context: StrategyContext): Promise<Reviewed> {
  const asked = { ...describeRequest(request, context), object: request.object ?? null, oldObject: request.old ?? null };
  const version = hook.admissionReviewVersions.find((v) => v === 'v1' || v === 'v1beta1') ?? 'v1';
  const apiVersion = `admission.k8s.io/${version}`;
  const answer = (await callWebhook(api, hook.clientConfig, { kind: 'AdmissionReview', apiVersion, request: asked }, hook.timeoutSeconds ?? 10, `?timeout=${hook.timeoutSeconds ?? 10}s`)) as { kind?: string; apiVersion?: string; response?: ReviewResponse } | null;
  const response = answer?.response;
  if (typeof response !== 'object' || response === null) throw new WebhookError('its answer has no response');
  if (version === 'v1' && (answer?.kind !== 'AdmissionReview' || answer.apiVersion !== apiVersion)) throw new WebhookError(`its answer is a ${answer?.apiVersion} ${answer?.kind}, not the ${apiVersion} AdmissionReview it was sent`);
  if (version === 'v1' && response.uid !== asked.uid) throw new WebhookError(`its answer is for request ${JSON.stringify(response.uid)}, not ${asked.uid}`);
  if (response.allowed !== true) throw denial(hook.name, response.status);
  if (response.patch !== undefined && response.patch !== '' && response.patchType !== 'JSONPatch' && version === 'v1') throw new WebhookError(`its patch is of type ${JSON.stringify(response.patchType)}, not JSONPatch`);
  return {
    warnings: (response.warnings ?? []).filter((w) => typeof w === 'string'),
    annotations: Object.fromEntries(Object.entries(response.auditAnnotations ?? {}).map(([key, text]) => [`${hook.name}/${key}`, String(text)])),
    ...(response.patch && { patch: Buffer.from(response.patch, 'base64').toString() }),
  };
}

function denial(name: string, status: Status | undefined): StatusError {
  const { message, reason, code = 0, details } = status ?? {};
  const why = message ? `: ${message}` : reason ? `: ${reason}` : ' without explanation';
  return new StatusError({ code: code < 400 || code > 599 ? 400 : code, reason: reason ?? '', message: `admission webhook "${name}" denied the request${why}`, ...(details && { details }) });
}
