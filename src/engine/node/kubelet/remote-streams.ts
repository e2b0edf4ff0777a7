import type { WebSocket } from 'ws';
import { channel, send } from './channels.ts';
import type { SpdySession, SpdyStream } from './spdy/session.ts';

/** Columns and rows of a terminal. */
export interface TerminalSize {
  readonly Width: number;
  readonly Height: number;
}

/** The part of a Status that says how it ended. */
export interface RemoteStatus {
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly [more: string]: unknown;
}

/** Protocols that tell the end as a Status; their elders have a text, and none where all went well. */
const tellsStatus: ReadonlySet<string> = new Set(['v5.channel.k8s.io', 'v4.channel.k8s.io']);

/** The far end of a command or an attachment, whatever carries it. */
export interface RemoteStreams {
  /** @param end called once no more comes */
  onStdin(take: (chunk: Buffer) => Promise<void> | void, end: () => void): void;
  onResize(take: (size: TerminalSize) => void): void;
  /** Resolves when the far end can take more. */
  write(to: 'stdout' | 'stderr', chunk: Buffer): Promise<void>;
  /** Says how it ended (a `Status`) and closes. */
  end(status: RemoteStatus): Promise<void>;
  /** The far end is gone. */
  onClose(call: () => void): void;
}

/** Over the numbered channels of a WebSocket. */
export function webSocketStreams(socket: WebSocket): RemoteStreams {
  return {
    onStdin(take, end) {
      socket.on('message', (data: Buffer) => {
        if (data[0] === channel.stdin) {
          const more = take(data.subarray(1));
          if (more === undefined) return;
          socket.pause();
          void more.then(() => socket.resume());
        } else if (data[0] === channel.close && data[1] === channel.stdin) end();
      });
    },
    onResize(take) {
      socket.on('message', (data: Buffer) => {
        if (data[0] === channel.resize) takeSize(data.subarray(1).toString(), take);
      });
    },
    write: (to, chunk) => send(socket, channel[to], chunk),
    async end(status) {
      const text = tellsStatus.has(socket.protocol) ? JSON.stringify(status) : status.status === 'Success' ? '' : (status.message ?? status.status);
      if (text !== '') await send(socket, channel.error, text);
      socket.close(1000);
    },
    onClose: (call) => void socket.on('close', call),
  };
}

/** Over the streams that a client has opened in a SPDY session, by their `streamtype`. */
export function spdyStreams(session: SpdySession, byType: ReadonlyMap<string, SpdyStream>): RemoteStreams {
  return {
    onStdin(take, end) {
      const stdin = byType.get('stdin');
      if (stdin === undefined) return end();
      const read = async (): Promise<void> => {
        for await (const chunk of stdin) await take(chunk as Buffer);
      };
      void read().catch(() => undefined).then(end);
    },
    onResize(take) {
      let rest = '';
      byType.get('resize')?.on('data', (chunk: Buffer) => {
        const texts = (rest + chunk.toString()).split('\n');
        rest = texts.pop() ?? '';
        for (const text of texts) takeSize(text, take);
      });
    },
    write: (to, chunk) => new Promise((resolve) => {
      const stream = byType.get(to);
      if (stream === undefined || stream.destroyed) resolve();
      else stream.write(chunk, () => resolve());
    }),
    async end(status) {
      const error = byType.get('error');
      const last = error === undefined || error.destroyed ? Promise.resolve() : new Promise<void>((resolve) => error.end(JSON.stringify(status), () => resolve()));
      await Promise.all([last, ...(['stdout', 'stderr'] as const).map((type) => new Promise<void>((resolve) => {
        const stream = byType.get(type);
        if (stream === undefined || stream.destroyed) resolve();
        else stream.end(() => resolve());
      }))]);
      session.close();
    },
    onClose: (call) => void session.ended.then(call),
  };
}

function takeSize(text: string, take: (size: TerminalSize) => void): void {
  try {
    const size = JSON.parse(text) as Partial<TerminalSize>;
    if (Number.isInteger(size.Width) && Number.isInteger(size.Height)) take(size as TerminalSize);
  } catch {
    // Not a size: a terminal keeps the one that it has.
  }
}
