import type { RequestUser } from '../kinds/strategy.ts';

const PREFIX = 'system:node:';

/** The node that a kubelet's credentials are for; undefined for everybody else. */
export function nodeNameOf(user: RequestUser): string | undefined {
  return user.username.startsWith(PREFIX) && user.groups.includes('system:nodes') ? user.username.slice(PREFIX.length) : undefined;
}
