// Grammar of an image reference: https://github.com/distribution/reference
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const DOMAIN = '(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const REFERENCE = new RegExp(`^((?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`);
const CACHE_LIMIT = 4096;
const policies = new Map<string, 'Always' | 'IfNotPresent'>();

/** Pull always where the tag is `latest`, or neither tag nor digest is given. A malformed reference counts as tagged. */
export function defaultPullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  if (image === undefined) return 'IfNotPresent';
  const known = policies.get(image);
  if (known !== undefined) return known;
  const match = image.length > 1024 ? null : REFERENCE.exec(image);
  let policy: 'Always' | 'IfNotPresent' = 'IfNotPresent';
  if (match !== null && fullLength(match[1] as string) <= 255 && !/^[a-f0-9]{64}$/.test(image)) {
    const [, , tag, digest] = match;
    if (tag === 'latest' || (tag === undefined && digest === undefined)) policy = 'Always';
  }
  if (policies.size >= CACHE_LIMIT) policies.clear();
  policies.set(image, policy);
  return policy;
}

/** Of a repository with the registry that is meant where none is named. */
function fullLength(repository: string): number {
  const slash = repository.indexOf('/');
  const host = slash < 0 ? '' : repository.slice(0, slash);
  if (/[.:]/.test(host) || host === 'localhost' || host !== host.toLowerCase()) return repository.length;
  return repository.length + (slash < 0 ? 'docker.io/library/' : 'docker.io/').length;
}
