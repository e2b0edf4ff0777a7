import type { Secret } from '../../kubernetes/types.generated.ts';
import type { RegistryLogin } from './ports.ts';

/** The key of a Secret as text; undefined where it has none. */
export function textOf(secret: Secret, key: string): string | undefined {
  const value = secret.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
}

/** The login for a registry in a Secret of type kubernetes.io/dockerconfigjson or kubernetes.io/basic-auth; undefined where it has none for this registry. */
export function registryLogin(secret: Secret, image: string): RegistryLogin | undefined {
  const username = textOf(secret, 'username'), password = textOf(secret, 'password');
  if (username !== undefined && password !== undefined) return { username, password: password.trim() };
  const config = textOf(secret, '.dockerconfigjson');
  if (config === undefined) return undefined;
  const entry = authsOf(config)[image.slice(0, image.indexOf('/'))];
  if (entry === undefined) return undefined;
  if (entry.username !== undefined && entry.password !== undefined) return { username: entry.username, password: entry.password };
  const [user, ...rest] = Buffer.from(entry.auth ?? '', 'base64').toString().split(':');
  return user === undefined || rest.length === 0 ? undefined : { username: user, password: rest.join(':') };
}

function authsOf(config: string): Readonly<Record<string, { auth?: string; username?: string; password?: string }>> {
  try {
    return (JSON.parse(config) as { auths?: Record<string, object> }).auths ?? {};
  } catch {
    return {};
  }
}
