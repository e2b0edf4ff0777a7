import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { isAuthentic } from './hook.ts';

const secret = 'whsec-1';
const body = Buffer.from('{"ref":"refs/heads/main"}');
const hmac = (key: string, of = body): string => createHmac('sha256', key).update(of).digest('hex');

test('the signature of the documentation of GitHub is right', () => {
  const headers = { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' };
  expect(isAuthentic({ headers, body: Buffer.from('Hello, World!') }, "It's a Secret to Everybody")).toBe(true);
});

test.for([
  { when: 'GitHub signs', headers: { 'x-hub-signature-256': `sha256=${hmac(secret)}` }, then: true },
  { when: 'Gitea signs', headers: { 'x-gitea-signature': hmac(secret) }, then: true },
  { when: 'GitLab sends its token', headers: { 'x-gitlab-token': secret }, then: true },
  { when: 'another secret signs', headers: { 'x-hub-signature-256': `sha256=${hmac('other')}` }, then: false },
  { when: 'another body was signed', headers: { 'x-gitea-signature': hmac(secret, Buffer.from('{}')) }, then: false },
  { when: 'the token is the beginning of the secret', headers: { 'x-gitlab-token': secret.slice(0, -1) }, then: false },
  { when: 'a wrong signature comes beside a right token', headers: { 'x-hub-signature-256': 'sha256=0', 'x-gitlab-token': secret }, then: false },
  { when: 'the old SHA-1 signature alone', headers: { 'x-hub-signature': 'sha1=0' }, then: false },
  { when: 'nothing', headers: {}, then: false },
])('$when', ({ headers, then }) => expect(isAuthentic({ headers, body }, secret)).toBe(then));

test('an empty secret lets nobody in', () => {
  expect(isAuthentic({ headers: { 'x-gitlab-token': '', 'x-hub-signature-256': `sha256=${hmac('')}` }, body }, '')).toBe(false);
});
