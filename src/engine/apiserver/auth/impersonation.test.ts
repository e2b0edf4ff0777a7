import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import type { AccessAttributes, Authorizer } from './authorizer.ts';
import { allowAll } from './authorizer.ts';
import { effectiveUser } from './impersonation.ts';

const sender = { username: 'ada', groups: ['system:authenticated'] };
const request = (...raw: string[]): IncomingMessage => ({ rawHeaders: raw, headers: Object.fromEntries(raw.flatMap((h, i) => (i % 2 === 0 ? [[h.toLowerCase(), raw[i + 1]]] : []))) }) as unknown as IncomingMessage;

test.for([
  { when: 'nobody is named', headers: [], user: sender },
  { when: 'a user is named', headers: ['Impersonate-User', 'grace'], user: { username: 'grace', groups: ['system:authenticated'] } },
  { when: 'groups are named, one with a comma', headers: ['Impersonate-User', 'grace', 'Impersonate-Group', 'a,b', 'Impersonate-Group', 'c'], user: { username: 'grace', groups: ['a,b', 'c', 'system:authenticated'] } },
  { when: 'it is a service account', headers: ['Impersonate-User', 'system:serviceaccount:shop:cart'], user: { username: 'system:serviceaccount:shop:cart', groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'] } },
  { when: 'uid and extra are named', headers: ['Impersonate-User', 'grace', 'Impersonate-Uid', '7', 'Impersonate-Extra-Example.com%2fteam', 'x'], user: { username: 'grace', uid: '7', extra: { 'example.com/team': ['x'] }, groups: ['system:authenticated'] } },
])('the user where $when', ({ headers, user }) => expect(effectiveUser(request(...headers), sender, allowAll)).toEqual(user));

test('a group without a user is refused', () => {
  expect(() => effectiveUser(request('Impersonate-Group', 'system:masters'), sender, allowAll)).toThrow(/Impersonate-User/);
});

test.for([
  { headers: ['Impersonate-User', 'grace', 'Impersonate-Group', 'system:masters'], resource: 'groups' },
  { headers: ['Impersonate-User', 'grace', 'Impersonate-Uid', '7'], resource: 'uids' },
  { headers: ['Impersonate-User', 'grace', 'Impersonate-Extra-Team', 'x'], resource: 'userextras' },
  { headers: ['Impersonate-User', 'system:serviceaccount:shop:cart'], resource: 'serviceaccounts' },
])('who may impersonate users alone may not impersonate $resource', ({ headers, resource }) => {
  const onlyUsers: Authorizer = { ...allowAll, decide: (_user, asked: AccessAttributes) => ({ allowed: asked.kind === 'resource' && asked.resource === 'users', reason: '' }) };
  expect(() => effectiveUser(request(...headers), sender, onlyUsers)).toThrow(resource);
});
