import { connect, constants, createServer, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import { freshAddress } from './router-fixture.ts';

/** A service that speaks HTTP/2 in clear text: it sends back what it gets, piece by piece, with trailers as gRPC has them. */
export interface Http2Service {
  readonly address: string;
  readonly port: number;
  readonly seen: IncomingHttpHeaders[];
  close(): Promise<void>;
}

export async function startHttp2Service(version: string, port: number): Promise<Http2Service> {
  const address = freshAddress();
  const seen: IncomingHttpHeaders[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    seen.push(headers);
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'x-version': version }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-done': 'yes' }));
    stream.pipe(stream);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
  return {
    address, port, seen,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) session.destroy();
    }),
  };
}

export interface Http2Stream {
  /** Resolves when the answer's head is there. */
  readonly head: Promise<IncomingHttpHeaders>;
  /** All that was answered so far. */
  text(): string;
  send(text: string): void;
  /** Ends the request; resolves with the trailers when the answer has ended, rejects where it was cut. */
  end(): Promise<IncomingHttpHeaders>;
}

export interface Http2Client {
  open(headers?: Record<string, string>): Http2Stream;
  /** True once the other side takes no new streams here. */
  goingAway(): boolean;
  close(): void;
}

export function http2Client(address: string, port: number): Http2Client {
  const session = connect(`http://${address}:${port}`);
  let goingAway = false;
  session.on('goaway', () => { goingAway = true; });
  session.on('close', () => { goingAway = true; });
  session.on('error', () => undefined);
  return {
    goingAway: () => goingAway,
    close: () => session.destroy(),
    open(headers = {}) {
      const stream = session.request({ ':method': 'POST', ':path': '/shop.Shop/Chat', 'content-type': 'application/grpc', te: 'trailers', ...headers });
      let text = '';
      let trailers: IncomingHttpHeaders | undefined;
      stream.on('data', (d: Buffer) => (text += d.toString()));
      stream.on('trailers', (t) => { trailers = t; });
      const head = new Promise<IncomingHttpHeaders>((resolve, reject) => {
        stream.once('response', resolve);
        stream.once('error', reject);
      });
      head.catch(() => undefined);
      const ended = new Promise<IncomingHttpHeaders>((resolve, reject) => {
        stream.once('error', reject);
        stream.once('close', () => (stream.rstCode === constants.NGHTTP2_NO_ERROR && stream.readableEnded ? resolve(trailers ?? {}) : reject(new Error(`cut with code ${stream.rstCode}`))));
      });
      ended.catch(() => undefined);
      return {
        head,
        text: () => text,
        send: (part) => void stream.write(part),
        end() {
          stream.end();
          return ended;
        },
      };
    },
  };
}
