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
    .registerFunction('net.CIDR.containsIP(string): bool', (block: CidrValue, address: string) => covers(block.text, address))
    .registerFunction('net.CIDR.containsIP(net.IP): bool', (block: CidrValue, address: IpValue) => covers(block.text, address.text))
    .registerFunction('net.CIDR.containsCIDR(string): bool', (block: CidrValue, other: string) => holds(block.text, other))
    .registerFunction('net.CIDR.containsCIDR(net.CIDR): bool', (block: CidrValue, other: CidrValue) => holds(block.text, other.text))
    .registerFunction('net.CIDR.ip(): net.IP', (block: CidrValue) => new IpValue(block.text.split('/')[0] ?? ''))
    .registerFunction('net.CIDR.prefixLength(): int', (block: CidrValue) => BigInt(block.text.split('/')[1] ?? ''));
}

function covers(block: string, address: string): boolean {
  const [first = '', length = ''] = block.split('/');
  const [start, wanted] = [ipBits(first), ipBits(address)];
  if (start === undefined || wanted === undefined || start.bits !== wanted.bits) return false;
  const host = BigInt(start.bits - Number(length));
  return start.value >> host === wanted.value >> host;
}

const holds = (block: string, other: string): boolean => Number(other.split('/')[1]) >= Number(block.split('/')[1]) && covers(block, other.split('/')[0] ?? '');
