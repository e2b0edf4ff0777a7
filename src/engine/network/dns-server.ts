import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet, streamEncode, TRUNCATED_RESPONSE } from 'dns-packet';
import type { DnsAnswers } from './dns-answers.ts';

const NXDOMAIN = 3;
const REFUSED = 5;
const UDP_LIMIT_BYTES = 512;
const NEGATIVE_TTL_SECONDS = 5;

export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** UDP and TCP on one port; several processes may share it. @param port 0: a free one. @throws the bind error */
export async function startDnsServer(address: string, port: number, current: () => DnsAnswers): Promise<DnsServer> {
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(10_000, () => socket.destroy());
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const size = pending.readUInt16BE(0);
        const reply = respond(pending.subarray(2, 2 + size), current());
        pending = pending.subarray(2 + size);
        if (reply === undefined) return void socket.destroy();
        socket.write(streamEncode(reply));
      }
    });
  });
  await new Promise<void>((resolve, reject) => tcp.once('error', reject).listen({ port, host: address, reusePort: true }, resolve));
  const bound = tcp.address();
  const number = typeof bound === 'object' && bound !== null ? bound.port : port;
  const udp = createSocket({ type: 'udp4', reusePort: true });
  udp.on('message', (message, peer) => {
    const reply = respond(message, current());
    if (reply === undefined) return;
    let bytes = encode(reply);
    if (bytes.length > limitOf(message)) bytes = encode({ ...reply, flags: (reply.flags ?? 0) | TRUNCATED_RESPONSE, answers: [], additionals: [] });
    udp.send(bytes, peer.port, peer.address);
  });
  await new Promise<void>((resolve, reject) => {
    udp.once('error', (error) => {
      tcp.close();
      reject(error);
    });
    udp.bind(number, address, resolve);
  });
  udp.on('error', () => undefined);
  return {
    port: number,
    async close() {
      for (const socket of open) socket.destroy();
      await Promise.all([new Promise<void>((resolve) => udp.close(resolve)), new Promise<void>((resolve) => void tcp.close(() => resolve()))]);
    },
  };
}

/** Undefined: not a query. */
function respond(message: Buffer, answers: DnsAnswers): Packet | undefined {
  let query: Packet;
  try {
    query = decode(message);
  } catch {
    return undefined;
  }
  const question = query.questions?.[0];
  if (query.type !== 'query' || question === undefined) return undefined;
  const result = answers.answer(question);
  const base: Packet = { type: 'response', id: query.id, questions: [question] };
  const flags = AUTHORITATIVE_ANSWER | ((query.flags ?? 0) & 0x0100);
  if (result.outcome === 'outside') return { ...base, flags: REFUSED };
  const records = result.outcome === 'found' ? result : { answers: [], additionals: [] };
  // RFC 2308: the SOA tells how long a negative answer may be kept.
  const authorities: Packet['authorities'] =
    records.answers.length > 0
      ? []
      : [{ type: 'SOA', name: answers.zone, ttl: NEGATIVE_TTL_SECONDS, data: { mname: `ns.dns.${answers.zone}`, rname: `hostmaster.${answers.zone}`, serial: 1, refresh: 7200, retry: 1800, expire: 86400, minimum: NEGATIVE_TTL_SECONDS } }];
  return { ...base, flags: flags | (result.outcome === 'noName' ? NXDOMAIN : 0), answers: [...records.answers], additionals: [...records.additionals], authorities };
}

/** What the client says it takes (EDNS), else 512. */
function limitOf(message: Buffer): number {
  const option = decode(message).additionals?.find((a) => a.type === 'OPT');
  return option !== undefined && 'udpPayloadSize' in option ? Math.max(UDP_LIMIT_BYTES, option.udpPayloadSize) : UDP_LIMIT_BYTES;
}
