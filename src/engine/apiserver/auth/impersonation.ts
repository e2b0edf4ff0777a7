import type { IncomingHttpHeaders } from 'node:http';
import { forbidden } from '../api-error.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import type { Authorizer } from './authorizer.ts';

/** The user named by Impersonate-User, -Group, -Uid and -Extra-* headers.
 *  @throws {StatusError} 403 unless the sender may impersonate each of them */
export function impersonated(headers: IncomingHttpHeaders, sender: RequestUser, authorizer: Authorizer): RequestUser {
  const username = String(headers['impersonate-user']);
  const groups = [headers['impersonate-group'] ?? []].flat().flatMap((g) => g.split(',').map((x) => x.trim()));
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  const check = (resource: string, name: string, namespace?: string): void => {
    const group = resource === 'users' || resource === 'groups' || resource === 'serviceaccounts' ? '' : 'authentication.k8s.io';
    const decision = authorizer.decide(sender, { kind: 'resource', verb: 'impersonate', group, resource, name, ...(namespace !== undefined && { namespace }) });
    if (!decision.allowed) throw forbidden({ group, plural: resource, name }, `User "${sender.username}" cannot impersonate resource "${resource}" in API group "${group}"`);
  };
  if (account === null) check('users', username);
  else check('serviceaccounts', account[2] as string, account[1] as string);
  for (const group of groups) check('groups', group);
  const own = account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1] as string}`];
  return { username, groups: [...new Set([...(groups.length > 0 ? groups : own), username === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'])] };
}
