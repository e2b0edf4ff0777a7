import type { Secret } from '../../kubernetes/types.generated.ts';

export type GitCredentials =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'ssh'; readonly privateKey: string; readonly knownHosts?: string };

/** A user name that git servers take beside a token. */
const TOKEN_USER = 'git';

/**
 * The login in a Secret, with the keys of Kubernetes's own types: `username` and `password` (kubernetes.io/basic-auth), `ssh-privatekey`
 * (kubernetes.io/ssh-auth) with `known_hosts` beside it, or `token`. Undefined: it has none of them.
 */
export function gitCredentials(secret: Secret): GitCredentials | undefined {
  const read = (key: string): string | undefined => {
    const value = secret.data?.[key];
    return value === undefined ? secret.stringData?.[key] : Buffer.from(value, 'base64').toString();
  };
  const privateKey = read('ssh-privatekey'), knownHosts = read('known_hosts');
  if (privateKey !== undefined) return { type: 'ssh', privateKey, ...(knownHosts === undefined ? {} : { knownHosts }) };
  const password = read('password') ?? read('token');
  return password === undefined ? undefined : { type: 'basic', username: read('username') ?? TOKEN_USER, password: password.trim() };
}
