import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Hook } from './ports.ts';

/**
 * Whether a webhook comes from somebody who knows the secret: GitHub and Gitea sign the body (X-Hub-Signature-256, X-Gitea-Signature;
 * HMAC-SHA256), GitLab sends the secret itself (X-Gitlab-Token). Nothing of the body is believed beyond that: it only makes us look.
 */
export function isAuthentic({ headers, body }: Hook, secret: string): boolean {
  const hmac = createHmac('sha256', secret).update(body).digest('hex');
  const header = (name: string): string | undefined => { const value = headers[name]; return typeof value === 'string' ? value : undefined; };
  const github = header('x-hub-signature-256'), gitea = header('x-gitea-signature'), gitlab = header('x-gitlab-token');
  if (secret === '') return false;
  if (github !== undefined) return same(github, `sha256=${hmac}`);
  if (gitea !== undefined) return same(gitea, hmac);
  return gitlab !== undefined && same(gitlab, secret);
}

function same(a: string, b: string): boolean {
  const left = Buffer.from(a), right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
