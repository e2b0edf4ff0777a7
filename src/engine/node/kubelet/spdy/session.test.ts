import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { controlFrame, dataFrames, frameType, takeFrames, words, type Frame } from './frames.ts';
import { HeaderReader, HeaderWriter, type Headers } from './header-block.ts';
import { headerDictionary } from './header-dictionary.ts';
import { SpdySession, type SpdyStream } from './session.ts';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

/** A client that writes frames by hand, joined to a session by a real connection. */
async function joined(): Promise<{ client: Socket; frames: Frame[]; streams: SpdyStream[]; session: SpdySession; open(id: number, headers: Record<string, string>): Promise<SpdyStream> }> {
  const streams: SpdyStream[] = [];
  const frames: Frame[] = [];
  let session: SpdySession | undefined;
  const server = createServer((socket) => (session = new SpdySession(socket, (stream) => streams.push(stream)))).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let rest = Buffer.alloc(0);
  client.on('data', (chunk) => {
    const taken = takeFrames(Buffer.concat([rest, chunk]));
    frames.push(...taken.frames);
    rest = Buffer.from(taken.rest);
  });
  closing.push(() => { client.destroy(); server.close(); });
  const writer = new HeaderWriter();
  await expect.poll(() => session).toBeDefined();
  return {
    client, frames, streams, session: session!,
    async open(id, headers) {
      client.write(controlFrame(frameType.synStream, 0, Buffer.concat([words(id, 0), Buffer.alloc(2), await writer.write(headers)])));
      await expect.poll(() => streams.find((s) => s.id === id)).toBeDefined();
      return streams.find((s) => s.id === id)!;
    },
  };
}

test('the dictionary is the one of the protocol', () => {
  expect(headerDictionary).toHaveLength(1423);
  expect(createHash('sha256').update(headerDictionary).digest('hex').slice(0, 16)).toBe('51d27341373f923f');
});

test('header blocks of one direction share their compression, and names come in lower case', async () => {
  const [writer, reader] = [new HeaderWriter(), new HeaderReader()];
  const blocks: Headers[] = [{ streamtype: 'error', port: '8080' }, { streamtype: 'data', port: '8080' }, {}];
  for (const headers of blocks) expect(await reader.read(await writer.write(headers))).toEqual(headers);
  expect(await new HeaderReader().read(await new HeaderWriter().write({ StreamType: 'ü' }))).toEqual({ streamtype: 'ü' });
});

test('a damaged block, and one that unpacks to a flood, are refused', async () => {
  await expect(new HeaderReader().read(Buffer.from('nonsense'))).rejects.toThrow();
  await expect(new HeaderReader().read(await new HeaderWriter().write({ a: 'x'.repeat(200_000) }))).rejects.toThrow(/more than/);
});

test('frames are found however the bytes arrive', () => {
  const sent = Buffer.concat([dataFrames(3, randomBytes(100_000), true), controlFrame(frameType.ping, 0, words(7))]);
  let rest = Buffer.alloc(0);
  const found: Frame[] = [];
  for (let at = 0; at < sent.length; at += 1_009) {
    const taken = takeFrames(Buffer.concat([rest, sent.subarray(at, at + 1_009)]));
    found.push(...taken.frames);
    rest = Buffer.from(taken.rest);
  }
  expect(found.map((f) => [f.kind, f.payload.length])).toEqual([['data', 65_536], ['data', 34_464], ['control', 4]]);
  expect(found.slice(0, 2).map((f) => f.kind === 'data' && f.fin)).toEqual([false, true]);
  expect(() => takeFrames(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]))).toThrow(/SPDY\/2/);
});

test('a stream carries both ways, each end closing on its own', async () => {
  const { client, frames, open } = await joined();
  const stream = await open(1, { streamtype: 'data' });
  expect(stream.headers).toEqual({ streamtype: 'data' });
  client.write(dataFrames(1, Buffer.from('ask'), true));
  expect(await text(stream)).toBe('ask');
  stream.end('answer');
  await expect.poll(() => frames.filter((f) => f.kind === 'data').map((f) => [f.payload.toString(), f.fin])).toEqual([['answer', false], ['', true]]);
  expect(frames[0]).toMatchObject({ kind: 'control', type: frameType.synReply });
});

test('a reader that is slow holds the sender back and loses nothing', async () => {
  const { client, open } = await joined();
  const stream = await open(1, {});
  const sent = randomBytes(8_000_000);
  client.write(dataFrames(1, sent, true));
  const hash = createHash('sha256');
  for await (const chunk of stream) {
    hash.update(chunk as Buffer);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
});

test('pings are answered, resets end a stream, and the end of the connection ends all', async () => {
  const { client, frames, open, session } = await joined();
  const [one, two] = [await open(1, {}), await open(3, {})];
  client.write(controlFrame(frameType.ping, 0, words(9)));
  await expect.poll(() => frames.find((f) => f.kind === 'control' && f.type === frameType.ping)?.payload.readUInt32BE(0)).toBe(9);
  client.write(controlFrame(frameType.rstStream, 0, words(1, 5)));
  await expect.poll(() => one.destroyed).toBe(true);
  expect(two.destroyed).toBe(false);
  client.destroy();
  await session.ended;
  expect(two.destroyed).toBe(true);
});
