/** Checks of names give a message for each rule broken, none for a good name. Source: RFC 1035, RFC 1123 and
 *  https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export type NameCheck = (name: string) => readonly string[];

const GOOD: readonly string[] = [];
const LABEL_MESSAGE = "must be lower-case letters, digits and '-', with a letter or digit first and last, such as web-1";
const SUBDOMAIN_MESSAGE = "must be lower-case labels of letters, digits and '-' joined by '.', such as app.example.com";
const DNS1035_MESSAGE = "must be lower-case letters, digits and '-', with a letter first and no '-' last, such as web-1";

function isLowerAlphanumeric(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}

function isLabelShaped(text: string, start: number, end: number): boolean {
  if (start >= end || !isLowerAlphanumeric(text.charCodeAt(start)) || !isLowerAlphanumeric(text.charCodeAt(end - 1))) return false;
  for (let i = start + 1; i < end - 1; i++) {
    const code = text.charCodeAt(i);
    if (!isLowerAlphanumeric(code) && code !== 0x2d) return false;
  }
  return true;
}

function isSubdomainShaped(text: string): boolean {
  let start = 0;
  for (;;) {
    const dot = text.indexOf('.', start);
    if (dot < 0) return isLabelShaped(text, start, text.length);
    if (!isLabelShaped(text, start, dot)) return false;
    start = dot + 1;
  }
}

function check(tooLong: number, name: string, shaped: boolean, message: string): readonly string[] {
  if (shaped && name.length <= tooLong) return GOOD;
  const messages: string[] = [];
  if (name.length > tooLong) messages.push(`must be at most ${tooLong} characters, not ${name.length}`);
  if (!shaped) messages.push(message);
  return messages;
}

export const dnsLabel: NameCheck = (name) => check(63, name, isLabelShaped(name, 0, name.length), LABEL_MESSAGE);

export const dnsSubdomain: NameCheck = (name) => check(253, name, isSubdomainShaped(name), SUBDOMAIN_MESSAGE);

export const dns1035Label: NameCheck = (name) =>
  check(63, name, isLabelShaped(name, 0, name.length) && name.charCodeAt(0) > 0x39, DNS1035_MESSAGE);

/** `*.` and a subdomain. */
export const wildcardSubdomain: NameCheck = (name) =>
  check(253, name, name.startsWith('*.') && isSubdomainShaped(name.slice(2)), "must be '*.' and a DNS name, such as *.example.com");

/** What may stand as one segment of a path: RBAC names and others that allow nearly everything. */
export const pathSegmentName: NameCheck = (name) => {
  if (name === '.' || name === '..') return [`must not be '${name}'`];
  const messages: string[] = [];
  for (const illegal of ['/', '%']) if (name.includes(illegal)) messages.push(`must not contain '${illegal}'`);
  return messages;
};

const DOMAIN_PATH_CHARACTERS = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** `example.com/some/path`. */
export function domainPrefixedPath(text: string): readonly string[] {
  if (text === '') return ['must not be empty'];
  const slash = text.indexOf('/');
  if (slash < 0 || slash === text.length - 1) return ["must be a domain and a path, such as example.com/path"];
  const host = dnsSubdomain(text.slice(0, slash));
  if (host.length > 0) return host;
  return DOMAIN_PATH_CHARACTERS.test(text.slice(slash + 1)) ? GOOD : ['the path has characters that a URL does not allow'];
}

/** Checks a generateName, after which letters and digits will follow: a last '-' is fine. As in Kubernetes, what stands before that '-' is not looked at. */
export function prefixOf(check: NameCheck): NameCheck {
  return (name) => check(name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name);
}
