import { isIPv4, isIPv6 } from 'node:net';

export type IpFamily = 'IPv4' | 'IPv6';

/** Undefined where the text is no address. An IPv4 part may not have leading zeros. */
export function ipFamily(text: string): IpFamily | undefined {
  if (isIPv4(text)) return 'IPv4';
  return isIPv6(text) && !text.includes('%') ? 'IPv6' : undefined;
}

export function ipAddress(text: string): readonly string[] {
  return ipFamily(text) === undefined ? ['must be an IP address, such as 10.9.8.7 or 2001:db8::ffff'] : [];
}

/** Undefined where the text is no CIDR. */
export function cidrFamily(text: string): IpFamily | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const family = ipFamily(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (family === undefined || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > (family === 'IPv4' ? 32 : 128)) return undefined;
  return family;
}

export function cidr(text: string): readonly string[] {
  return cidrFamily(text) === undefined ? ['must be a CIDR block, such as 10.9.0.0/16 or 2001:db8::/64'] : [];
}

/** The address as a number, and its length in bits. */
export function ipBits(text: string): { value: bigint; bits: number } | undefined {
  const family = ipFamily(text);
  if (family === 'IPv4') return { value: text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n), bits: 32 };
  if (family === undefined) return undefined;
  let address = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (dotted !== null) {
    const low = ipBits(dotted[2] as string)?.value ?? 0n;
    address = `${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return { value: groups.reduce((sum, group) => (sum << 16n) | BigInt(Number.parseInt(group, 16)), 0n), bits: 128 };
}

/** The block's address has no bits beyond its prefix. */
export function isCanonicalCidr(text: string): boolean {
  const [address = '', length = ''] = text.split('/');
  if (!isCanonical(address)) return false;
  const ip = ipBits(address);
  if (ip === undefined) return false;
  const host = BigInt(ip.bits - Number(length));
  return (ip.value & ((1n << host) - 1n)) === 0n;
}

/** Written the one way that RFC 5952 gives it. */
function isCanonical(address: string): boolean {
  return ipFamily(address) !== 'IPv6' || address.includes('.') || new URL(`http://[${address}]`).hostname === `[${address}]`;
}

export function canonicalAddress(text: string): readonly string[] {
  const messages = ipAddress(text);
  return messages.length > 0 || isCanonical(text) ? messages : ['must be in canonical form, such as 2001:db8::ffff'];
}

/** Addresses that no endpoint may have: unspecified, link-local, multicast, and loopback unless the engine runs on it. */
export function nonSpecialAddress(text: string, loopbackAllowed: boolean): readonly string[] {
  const messages: string[] = [];
  if (text === '0.0.0.0' || text === '::') messages.push('must not be the unspecified address');
  if (!loopbackAllowed && (text.startsWith('127.') || text === '::1')) messages.push('must not be a loopback address');
  if (text.startsWith('169.254.') || /^fe[89ab]/i.test(text)) messages.push('must not be a link-local address');
  if (/^224\.0\.0\./.test(text) || /^ff.2:/i.test(text)) messages.push('must not be a link-local multicast address');
  return messages;
}
