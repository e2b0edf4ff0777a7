import { existsSync, readFileSync } from 'node:fs';

const SOCKETS = '/proc/net/tcp';
const LISTENS = '0A';

/** IPv4 addresses of this network namespace that some TCP socket listens on, by proc_net_tcp(5); none where there is no such file. */
export function listeningAddresses(): string[] {
  if (!existsSync(SOCKETS)) return [];
  const lines = readFileSync(SOCKETS, 'utf8').split('\n').slice(1);
  const listening = lines.map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === LISTENS);
  return [...new Set(listening.map(([, local = '']) => addressOf(local.slice(0, 8))))];
}

/** @param word four bytes in hexadecimal digits, the last one first */
const addressOf = (word: string): string => (word.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).toReversed().join('.');
