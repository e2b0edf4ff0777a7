import { Duplex } from 'node:stream';
import { controlFrame, dataFrames, finFlag, frameType, takeFrames, words, type Frame } from './frames.ts';
import { HeaderReader, HeaderWriter, type Headers } from './header-block.ts';

const cancel = 5;

/** One stream of a session. Its ends are separate: the far end may have ended while this one still writes. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: Headers;
  readonly #session: SpdySession;
  #resume: (() => void) | undefined;
  #farEnded = false;

  constructor(session: SpdySession, id: number, headers: Headers) {
    super({ allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#session = session;
    // Whoever uses it hears of the session's end by 'close'.
    this.on('error', () => undefined);
  }

  /** Takes what the far end sent; resolves when there is room for more. */
  deliver(payload: Buffer, fin: boolean): Promise<void> {
    if (this.destroyed || this.#farEnded) return Promise.resolve();
    const room = payload.length === 0 || this.push(payload);
    if (fin) {
      this.#farEnded = true;
      this.push(null);
    }
    return room ? Promise.resolve() : new Promise((resolve) => (this.#resume = resolve));
  }

  override _read(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#session.send(dataFrames(this.id, chunk, false), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#session.send(dataFrames(this.id, Buffer.alloc(0), true), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._read();
    this.#session.forget(this, !(this.#farEnded && this.writableFinished));
    done(error);
  }
}

/** The serving end of SPDY/3.1 over one connection, as `kubectl` and the API server speak it to a kubelet: the client opens streams. */
export class SpdySession {
  readonly #connection: Duplex;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #reader = new HeaderReader();
  readonly #writer = new HeaderWriter();
  readonly #onStream: (stream: SpdyStream) => void;
  /** Resolves when the connection is over; never rejects. */
  readonly ended: Promise<void>;

  constructor(connection: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#connection = connection;
    this.#onStream = onStream;
    connection.on('error', () => undefined);
    connection.once('close', () => this.close());
    this.ended = this.#read().catch(() => undefined).then(() => this.close());
  }

  /** Ends the connection and all its streams once what was written is sent. */
  close(): void {
    if (!this.#connection.destroyed) this.#connection.end();
    for (const stream of this.#streams.values()) stream.destroy();
    this.#streams.clear();
  }

  send(frame: Buffer, done?: (error?: Error | null) => void): void {
    if (this.#connection.destroyed || this.#connection.writableEnded) done?.(new Error('The connection is over'));
    else this.#connection.write(frame, done);
  }

  forget(stream: SpdyStream, unfinished: boolean): void {
    if (!this.#streams.delete(stream.id)) return;
    if (unfinished) this.send(controlFrame(frameType.rstStream, 0, words(stream.id, cancel)));
  }

  async #read(): Promise<void> {
    let rest = Buffer.alloc(0);
    for await (const chunk of this.#connection) {
      const taken = takeFrames(Buffer.concat([rest, chunk as Buffer]));
      // One after the other: header blocks share one compression, and a stream that is full holds the connection back.
      for (const frame of taken.frames) await this.#take(frame);
      rest = Buffer.from(taken.rest);
    }
  }

  async #take(frame: Frame): Promise<void> {
    if (frame.kind === 'data') {
      const stream = this.#streams.get(frame.streamId);
      await stream?.deliver(frame.payload, frame.fin);
      return;
    }
    const { type, flags, payload } = frame;
    const id = payload.length >= 4 ? payload.readUInt32BE(0) & 0x7fffffff : 0;
    switch (type) {
      case frameType.synStream: {
        const stream = new SpdyStream(this, id, await this.#reader.read(payload.subarray(10)));
        this.#streams.set(id, stream);
        this.send(controlFrame(frameType.synReply, 0, Buffer.concat([words(id), await this.#writer.write({})])));
        if ((flags & finFlag) !== 0) await stream.deliver(Buffer.alloc(0), true);
        this.#onStream(stream);
        return;
      }
      case frameType.headers:
        // Nothing in it is used, yet the compression has to follow.
        await this.#reader.read(payload.subarray(4));
        return;
      case frameType.rstStream: {
        const stream = this.#streams.get(id);
        this.#streams.delete(id);
        stream?.destroy();
        return;
      }
      case frameType.ping:
        this.send(controlFrame(frameType.ping, 0, payload));
        return;
      case frameType.goAway:
        return;
      default:
        // Settings and windows: SPDY/3.1's clients of the kubelet keep none.
        return;
    }
  }
}
