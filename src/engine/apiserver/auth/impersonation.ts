import type { IncomingMessage } from 'node:http';
import { badRequest, forbidden } from '../api-error.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import type { Authorizer } from './authorizer.ts';

const prefix = 'impersonate-';
const extraPrefix = 'impersonate-extra-';
const group = 'authentication.k8s.io';

/** The user named by Impersonate-User, -Group, -Uid and -Extra-* headers; the sender where there are none.
 *  https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
 *  @throws {StatusError} 403 unless the sender may impersonate each of them, 400 where no user is named */
export function effectiveUser(req: IncomingMessage, sender: RequestUser, authorizer: Authorizer): RequestUser {
  if (!Object.keys(req.headers).some((name) => name.startsWith(prefix))) return sender;
  const { username, uid, groups, extra } = asked(req);
  if (username === undefined) throw badRequest('Impersonate-Group, -Uid and -Extra-* need Impersonate-User beside them');
  const check = (resource: string, name: string, more: { group?: string; namespace?: string; subresource?: string } = {}): void => {
    const { group: of = '', ...rest } = more;
    if (authorizer.decide(sender, { kind: 'resource', verb: 'impersonate', group: of, resource, name, ...rest }).allowed) return;
    throw forbidden({ group: of, plural: resource, name }, `User "${sender.username}" cannot impersonate resource "${resource}" in API group "${of}"`);
  };
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (account === undefined) check('users', username);
  else check('serviceaccounts', account, { namespace });
  for (const name of groups) check('groups', name);
  if (uid !== undefined) check('uids', uid, { group });
  for (const [key, values] of Object.entries(extra)) for (const value of values) check('userextras', value, { group, subresource: key });
  const own = account === undefined || groups.length > 0 ? groups : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return {
    username, ...(uid !== undefined && { uid }), ...(Object.keys(extra).length > 0 && { extra }),
    groups: [...new Set([...own, username === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'])],
  };
}

interface AskedUser {
  username?: string;
  uid?: string;
  readonly groups: string[];
  readonly extra: Record<string, string[]>;
}

/** From the headers as sent: joined ones could not be told from a group with a comma in its name. */
function asked({ rawHeaders }: IncomingMessage): AskedUser {
  const user: AskedUser = { groups: [], extra: {} };
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [rawHeaders[i]?.toLowerCase(), rawHeaders[i + 1]];
    if (name === 'impersonate-user' && value !== '') user.username = value;
    else if (name === 'impersonate-uid') user.uid = value;
    else if (name === 'impersonate-group') user.groups.push(value);
    else if (name.startsWith(extraPrefix)) (user.extra[decoded(name.slice(extraPrefix.length))] ??= []).push(value);
  }
  return user;
}

/** Header names cannot hold every character of a key: those stand percent-encoded. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
