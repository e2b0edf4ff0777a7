import { badRequest } from '../api-error.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { acceptedForm, replyObject, transient } from '../http/negotiate.ts';
import type { KindObject, RequestUser } from '../kinds/strategy.ts';
import { strategyContext } from '../context.ts';
import { refuseInvalid } from '../requests/commit.ts';
import { decodeRequest } from '../requests/decode-request.ts';
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
  const form = acceptedForm(request, true);
  const review = await decodeRequest(request);
  const namespace = request.namespace;
  if (namespace !== undefined) {
    if ((review.metadata.namespace ?? namespace) !== namespace) throw badRequest(`metadata.namespace is ${review.metadata.namespace}, the path's namespace is ${namespace}`);
    review.metadata.namespace = namespace;
  }
  refuseInvalid(request, review, request.resource.strategy.validate(review, strategyContext(request.api, request.user, namespace)));
  const spec = (review['spec'] ?? {}) as ReviewSpec;
  const status = await statusFor(request, spec, authenticator);
  const { metadata } = review;
  // Whose rules these are and where is not told back.
  if (request.resource.kind === 'SelfSubjectRulesReview') review['spec'] = {};
  const answer: KindObject = { ...review, apiVersion: groupVersionOf(request.resource), metadata: { ...metadata }, status };
  replyObject(request, 201, transient(answer), form);
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
