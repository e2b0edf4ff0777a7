import { badRequest } from '../api-error.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { acceptedForm, replyObject, transient } from '../http/negotiate.ts';
import type { KindObject, RequestUser } from '../kinds/strategy.ts';
import { strategyContext, timestamp } from '../context.ts';
import { refuseInvalid } from '../requests/commit.ts';
import { decodeRequest } from '../requests/decode-request.ts';
import { dropDoubledOwners } from '../validation/object-meta.ts';
import { groupVersionOf } from '../resources/served-resource.ts';
import type { AccessAttributes } from './authorizer.ts';
import type { Authenticator } from './authenticator.ts';
import { asUserRules } from './policy-rules.ts';
import { selectorFaults, type ReviewSelectors } from './review-selectors.ts';

interface ReviewSpec {
  readonly user?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly resourceAttributes?: { readonly namespace?: string; readonly verb?: string; readonly group?: string; readonly version?: string; readonly resource?: string; readonly subresource?: string; readonly name?: string } & ReviewSelectors;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly token?: string;
  readonly audiences?: readonly string[];
}

/** Kinds that are questions: nothing is stored, the answer is in the status. */
export const reviewKinds: ReadonlySet<string> = new Set(['SelfSubjectReview', 'TokenReview', 'SubjectAccessReview', 'SelfSubjectAccessReview', 'LocalSubjectAccessReview', 'SelfSubjectRulesReview']);

/** Answers one review. */
export async function handleReview(request: ApiRequest, authenticator: Authenticator): Promise<void> {
  const { kind } = request.resource;
  const form = acceptedForm(request, true);
  const review = await decodeRequest(request);
  const { namespace } = request;
  wipeMetadata(request, review);
  refuseInvalid(request, review, request.resource.strategy.validate(review, strategyContext(request.api, request.user, namespace)));
  const spec = (review['spec'] ?? {}) as ReviewSpec;
  const status = await statusFor(request, spec, authenticator);
  // Of these, what was asked is not told back.
  const isAboutOneself = kind === 'SelfSubjectRulesReview' || kind === 'SelfSubjectReview';
  const told = !isAboutOneself ? review : { ...review, metadata: kind === 'SelfSubjectReview' ? { creationTimestamp: timestamp(request.api.clock.now()) } : {}, ...(kind === 'SelfSubjectRulesReview' && { spec: {} }) };
  const answer: KindObject = { ...told, apiVersion: groupVersionOf(request.resource), status };
  replyObject(request, 201, transient(answer), form);
}

/** What only the server says of an object's metadata means nothing here. */
function wipeMetadata(request: ApiRequest, review: KindObject): void {
  const { metadata } = review;
  const { namespace } = request;
  if (namespace !== undefined && (metadata.namespace ?? namespace) !== namespace) throw badRequest(`metadata.namespace is ${metadata.namespace}, the path's namespace is ${namespace}`);
  if (namespace === undefined) delete metadata.namespace;
  else metadata.namespace = namespace;
  for (const field of ['creationTimestamp', 'uid', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'] as const) delete metadata[field];
  request.warnings.push(...dropDoubledOwners(metadata));
}

async function statusFor(request: ApiRequest, spec: ReviewSpec, authenticator: Authenticator): Promise<object> {
  const { api, user } = request;
  switch (request.resource.kind) {
    case 'SelfSubjectReview': return { userInfo: shownUser(user) };
    case 'TokenReview': return tokenStatus(spec, authenticator);
    case 'SelfSubjectRulesReview':
      if (!(spec as { namespace?: string }).namespace) throw badRequest('spec.namespace is needed: rules are told for one namespace');
      return asUserRules(api.authorizer.rules(user, (spec as { namespace?: string }).namespace ?? ''));
    case 'SelfSubjectAccessReview': return access(request, user, spec);
    default: return access(request, { username: spec.user ?? '', groups: spec.groups ?? [] }, spec);
  }
}

function access(request: ApiRequest, user: RequestUser, spec: ReviewSpec): object {
  const { resourceAttributes: r, nonResourceAttributes: path } = spec;
  const attributes: AccessAttributes = r === undefined ? { kind: 'path', verb: path?.verb ?? '', path: path?.path ?? '' }
    : { kind: 'resource', verb: r.verb ?? '', group: r.group ?? '', resource: r.resource ?? '', ...(r.subresource && { subresource: r.subresource }), ...(r.namespace && { namespace: r.namespace }), ...(r.name && { name: r.name }) };
  const decision = request.api.authorizer.decide(user, attributes);
  const faults = r === undefined ? [] : selectorFaults(r);
  return { allowed: decision.allowed, ...(decision.reason !== '' && { reason: decision.reason }), ...(faults.length > 0 && { evaluationError: faults.join(', ') }) };
}

async function tokenStatus(spec: ReviewSpec, authenticator: Authenticator): Promise<object> {
  if (!spec.token) throw badRequest('spec.token is needed');
  const user = await authenticator.reviewToken(spec.token ?? '', spec.audiences);
  if (user === undefined) return { user: {}, error: 'invalid bearer token' };
  return { authenticated: true, user: shownUser(user), ...(spec.audiences && { audiences: spec.audiences }) };
}

function shownUser(user: RequestUser): object {
  return { username: user.username, groups: user.groups, ...(user.uid !== undefined && { uid: user.uid }), ...(user.extra && { extra: user.extra }) };
}
