import type { Environment } from '@marcbachmann/cel-js';

class UrlValue {
  readonly url: URL;
  /** A path alone, which is a URL too: it has neither scheme nor host. */
  readonly isPath: boolean;
  constructor(url: URL, isPath: boolean) {
    this.url = url;
    this.isPath = isPath;
  }
}

/** An absolute URL or an absolute path. */
function read(text: string): UrlValue | undefined {
  const isPath = text.startsWith('/');
  if (!isPath && !/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) return undefined;
  // oxlint-disable-next-line no-control-regex -- these are what a URL must not have
  if (/[\u0000- \u007f]/.test(text)) return undefined;
  const url = isPath ? URL.parse(text, 'http://path') : URL.parse(text);
  return url === null ? undefined : new UrlValue(url, isPath);
}

/** url(), isURL() and the parts of a URL. */
export function addUrls(environment: Environment): Environment {
  const type = 'kubernetes.URL';
  const part = (of: (url: URL) => string) => ({ url, isPath }: UrlValue): string => (isPath ? '' : of(url));
  return environment
    .registerType(type, UrlValue)
    .registerFunction(`url(string): ${type}`, (text: string) => {
      const value = read(text);
      if (value === undefined) throw new Error(`${JSON.stringify(text)} is not a URL`);
      return value;
    })
    .registerFunction('isURL(string): bool', (text: string) => read(text) !== undefined)
    .registerFunction(`${type}.getScheme(): string`, part((url) => url.protocol.slice(0, -1)))
    .registerFunction(`${type}.getHost(): string`, part((url) => url.host))
    .registerFunction(`${type}.getHostname(): string`, part((url) => url.hostname.replace(/^\[|\]$/g, '')))
    .registerFunction(`${type}.getPort(): string`, part((url) => url.port))
    .registerFunction(`${type}.getEscapedPath(): string`, ({ url }: UrlValue) => url.pathname)
    .registerFunction(`${type}.getQuery(): map<string, list<string>>`, ({ url }: UrlValue) => new Map([...new Set(url.searchParams.keys())].map((key) => [key, url.searchParams.getAll(key)])));
}
