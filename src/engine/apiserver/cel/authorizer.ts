import type { Environment } from '@marcbachmann/cel-js';
import type { AccessAttributes, AccessDecision, Authorizer } from '../auth/authorizer.ts';
import type { RequestUser } from '../kinds/strategy.ts';

type ResourceAttributes = Extract<AccessAttributes, { kind: 'resource' }>;

/** What the variable `authorizer` holds: who is asked about. */
export class AuthorizerValue {
  readonly authorizer: Authorizer;
  readonly user: RequestUser;
  constructor(authorizer: Authorizer, user: RequestUser) {
    this.authorizer = authorizer;
    this.user = user;
  }
}

class PathCheck {
  readonly of: AuthorizerValue;
  readonly path: string;
  constructor(of: AuthorizerValue, path: string) {
    this.of = of;
    this.path = path;
  }
}

class GroupCheck {
  readonly of: AuthorizerValue;
  readonly group: string;
  constructor(of: AuthorizerValue, group: string) {
    this.of = of;
    this.group = group;
  }
}

/** What `authorizer.requestResource` is as well: one resource to ask about. */
export class ResourceCheck {
  readonly of: AuthorizerValue;
  readonly attributes: Omit<ResourceAttributes, 'verb'>;
  constructor(of: AuthorizerValue, attributes: Omit<ResourceAttributes, 'verb'>) {
    this.of = of;
    this.attributes = attributes;
  }
  with(more: Partial<ResourceAttributes>): ResourceCheck {
    return new ResourceCheck(this.of, { ...this.attributes, ...more });
  }
}

class Decision {
  readonly decision: AccessDecision;
  constructor(decision: AccessDecision) {
    this.decision = decision;
  }
}

/** Secondary authorization checks: `authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()`. */
export function addAuthorizer(environment: Environment): Environment {
  const root = 'kubernetes.authorization.Authorizer', path = 'kubernetes.authorization.PathCheck', group = 'kubernetes.authorization.GroupCheck';
  const resource = 'kubernetes.authorization.ResourceCheck', decision = 'kubernetes.authorization.Decision';
  return environment
    .registerType(root, AuthorizerValue).registerType(path, PathCheck).registerType(group, GroupCheck).registerType(resource, ResourceCheck).registerType(decision, Decision)
    .registerFunction(`${root}.path(string): ${path}`, (of: AuthorizerValue, text: string) => new PathCheck(of, text))
    .registerFunction(`${root}.group(string): ${group}`, (of: AuthorizerValue, text: string) => new GroupCheck(of, text))
    .registerFunction(`${root}.serviceAccount(string, string): ${root}`, (of: AuthorizerValue, namespace: string, name: string) => new AuthorizerValue(of.authorizer, {
      username: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    }))
    .registerFunction(`${group}.resource(string): ${resource}`, (of: GroupCheck, text: string) => new ResourceCheck(of.of, { kind: 'resource', group: of.group, resource: text }))
    .registerFunction(`${resource}.subresource(string): ${resource}`, (of: ResourceCheck, text: string) => of.with({ subresource: text }))
    .registerFunction(`${resource}.namespace(string): ${resource}`, (of: ResourceCheck, text: string) => of.with({ namespace: text }))
    .registerFunction(`${resource}.name(string): ${resource}`, (of: ResourceCheck, text: string) => of.with({ name: text }))
    .registerFunction(`${resource}.check(string): ${decision}`, ({ of, attributes }: ResourceCheck, verb: string) => new Decision(of.authorizer.decide(of.user, { ...attributes, verb })))
    .registerFunction(`${path}.check(string): ${decision}`, ({ of, path: text }: PathCheck, verb: string) => new Decision(of.authorizer.decide(of.user, { kind: 'path', verb, path: text })))
    .registerFunction(`${decision}.allowed(): bool`, (of: Decision) => of.decision.allowed)
    .registerFunction(`${decision}.reason(): string`, (of: Decision) => of.decision.reason)
    .registerFunction(`${decision}.errored(): bool`, () => false)
    .registerFunction(`${decision}.error(): string`, () => '');
}
