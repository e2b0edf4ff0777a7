import type { Environment } from '@marcbachmann/cel-js';
import { cidrFamily, ipBits, ipFamily } from '../validation/ip-address.ts';

class IpValue {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}
class CidrValue extends IpValue {}
class IpLibrary {
  readonly name = 'ip';
}

/** ip(), isIP(), cidr(), isCIDR() and what addresses and blocks are asked. */
export function addAddresses(environment: Environment): Environment {
  return environment
    .registerType('net.IP', IpValue)
    .registerType('net.CIDR', CidrValue)
    .registerFunction('ip(string): net.IP', (text: string) => {
      if (ipFamily(text) === undefined) throw new Error(`${JSON.stringify(text)} is not an IP address`);
      return new IpValue(text);
    })
    .registerFunction('isIP(string): bool', (text: string) => ipFamily(text) !== undefined)
    .registerFunction('cidr(string): net.CIDR', (text: string) => {
      if (cidrFamily(text) === undefined) throw new Error(`${JSON.stringify(text)} is not a CIDR block`);
      return new CidrValue(text);
    })
    .registerFunction('isCIDR(string): bool', (text: string) => cidrFamily(text) !== undefined)
    .registerFunction('net.IP.family(): int', (value: IpValue) => (ipFamily(value.text) === 'IPv4' ? 4n : 6n))
    .registerFunction('net.IP.isUnspecified(): bool', (value: IpValue) => ipBits(value.text)?.value === 0n)
    .registerFunction('net.IP.isLoopback(): bool', (value: IpValue) => covers('127.0.0.0/8', value.text) || covers('::1/128', value.text))
    .registerFunction('net.IP.isGlobalUnicast(): bool', ({ text }: IpValue) => !notUnicast.some((block) => covers(block, text)) && text !== '255.255.255.255')
    .registerFunction('net.IP.isLinkLocalUnicast(): bool', ({ text }: IpValue) => covers('169.254.0.0/16', text) || covers('fe80::/10', text))
    .registerFunction('net.IP.isLinkLocalMulticast(): bool', ({ text }: IpValue) => covers('224.0.0.0/24', text) || covers('ff02::/16', text))
    .registerOperator('net.IP == net.IP', (a: IpValue, b: IpValue) => ipBits(a.text)?.value === ipBits(b.text)?.value && ipFamily(a.text) === ipFamily(b.text))
    .registerType('net.IPLibrary', IpLibrary)
    .registerConstant('ip', 'net.IPLibrary', new IpLibrary())
    .registerFunction('net.IPLibrary.isCanonical(string): bool', (_: IpLibrary, text: string) => {
      if (ipFamily(text) === undefined) throw new Error(`${JSON.stringify(text)} is not an IP address`);
      return ipFamily(text) === 'IPv4' || canonicalV6(text) === text;
    })
    .registerOperator('net.CIDR == net.CIDR', (a: CidrValue, b: CidrValue) => holds(a.text, b.text) && holds(b.text, a.text))
    .registerFunction('net.CIDR.masked(): net.CIDR', (block: CidrValue) => new CidrValue(masked(block.text)))
    .registerFunction('net.CIDR.containsIP(string): bool', (block: CidrValue, address: string) => covers(block.text, address))
    .registerFunction('net.CIDR.containsIP(net.IP): bool', (block: CidrValue, address: IpValue) => covers(block.text, address.text))
    .registerFunction('net.CIDR.containsCIDR(string): bool', (block: CidrValue, other: string) => holds(block.text, other))
    .registerFunction('net.CIDR.containsCIDR(net.CIDR): bool', (block: CidrValue, other: CidrValue) => holds(block.text, other.text))
    .registerFunction('net.CIDR.ip(): net.IP', (block: CidrValue) => new IpValue(block.text.split('/')[0] ?? ''))
    .registerFunction('net.CIDR.prefixLength(): int', (block: CidrValue) => BigInt(block.text.split('/')[1] ?? ''));
}

const notUnicast = ['0.0.0.0/32', '::/128', '127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10', '224.0.0.0/4', 'ff00::/8'];

/** As RFC 5952 writes it. */
const canonicalV6 = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1);

/** The block with zeros after its prefix. */
function masked(block: string): string {
  const [address = '', length = ''] = block.split('/');
  const bits = ipBits(address);
  if (bits === undefined) return block;
  const host = BigInt(bits.bits - Number(length));
  const value = bits.value >> host << host;
  const groups = bits.bits === 32 ? 4 : 8, size = BigInt(bits.bits / groups);
  const parts = Array.from({ length: groups }, (_, i) => value >> (size * BigInt(groups - 1 - i)) & ((1n << size) - 1n));
  return `${groups === 4 ? parts.join('.') : canonicalV6(parts.map((p) => p.toString(16)).join(':'))}/${length}`;
}

function covers(block: string, address: string): boolean {
  const [first = '', length = ''] = block.split('/');
  const [start, wanted] = [ipBits(first), ipBits(address)];
  if (start === undefined || wanted === undefined || start.bits !== wanted.bits) return false;
  const host = BigInt(start.bits - Number(length));
  return start.value >> host === wanted.value >> host;
}

const holds = (block: string, other: string): boolean => Number(other.split('/')[1]) >= Number(block.split('/')[1]) && covers(block, other.split('/')[0] ?? '');
