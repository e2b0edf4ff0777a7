import { open, type FileHandle } from 'node:fs/promises';
import { pause } from '../../../runtime/backoff.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { LogQuery } from './log-query.ts';
import { firstKept } from './log-window.ts';
import { offsetSince, readMarks, timeAt, type LogMark } from './log-times.ts';

const chunkBytes = 65_536;
const newline = 10;
const pollMs = 100;

/** A container's output as asked for, piece by piece. Following ends with the container or the signal.
 *  @param ended whether no more can come */
export async function* readLog(logFile: string, query: LogQuery, context: { readonly startedAtMs: number; readonly ended: () => boolean; readonly clock: Clock; readonly signal: AbortSignal }): AsyncGenerator<Buffer> {
  const { clock, signal } = context;
  const file = await open(logFile, 'r');
  try {
    let offset = await firstOffset(file, logFile, query);
    let left = query.limitBytes ?? Infinity;
    let atLineStart = true;
    while (!signal.aborted && left > 0) {
      // Asked before the read: what was written until the end is then surely read.
      const last = !query.follow || context.ended();
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, offset);
      // The head may have been dropped while it was read.
      const kept = firstKept(logFile);
      if (kept > offset) {
        // The rest of a line that was begun is gone: it ends here, and is not read as the beginning of another.
        if (!atLineStart && left > 0) yield Buffer.from('\n');
        offset = kept;
        atLineStart = true;
        continue;
      }
      if (bytesRead === 0) {
        if (last) return;
        await pause(clock, pollMs, signal);
        continue;
      }
      const plain = wholeLines(buffer.subarray(0, bytesRead));
      let piece = query.timestamps ? stamped(plain, offset, atLineStart, readMarks(logFile), clock.now()) : plain;
      atLineStart = plain.at(-1) === newline;
      if (piece.length > left) piece = piece.subarray(0, left);
      left -= piece.length;
      offset += plain.length;
      yield piece;
    }
  } finally {
    await file.close();
  }
}

/** Of a full chunk, without the line that goes on in the next one: a reader who is overtaken between the two would have half of it. */
function wholeLines(chunk: Buffer): Buffer {
  const end = chunk.length < chunkBytes ? -1 : chunk.lastIndexOf(newline);
  return end < 0 ? chunk : chunk.subarray(0, end + 1);
}

async function firstOffset(file: FileHandle, logFile: string, query: LogQuery): Promise<number> {
  const kept = firstKept(logFile);
  const since = query.sinceMs === undefined ? kept : Math.max(kept, offsetSince(readMarks(logFile), query.sinceMs));
  return query.tailLines === undefined ? since : Math.max(since, await tailOffset(file, query.tailLines, kept));
}

/** Where the last `lines` lines begin, read backwards down to `kept`. */
async function tailOffset(file: FileHandle, lines: number, kept: number): Promise<number> {
  const { size } = await file.stat();
  if (lines === 0) return size;
  let found = 0;
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let end = size; end > kept; ) {
    const begin = Math.max(kept, end - chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, end - begin, begin);
    for (let i = bytesRead - 1; i >= 0; i--) {
      // The newline that ends the file ends the last line.
      if (buffer[i] === newline && begin + i !== size - 1 && ++found === lines) return begin + i + 1;
    }
    end = begin;
  }
  return kept;
}

function stamped(plain: Buffer, offset: number, atLineStart: boolean, marks: readonly LogMark[], nowMs: number): Buffer {
  const pieces: Buffer[] = [];
  const stamp = (at: number): Buffer => Buffer.from(`${new Date(timeAt(marks, offset + at, nowMs)).toISOString().replace('Z', '000000Z')} `);
  if (atLineStart) pieces.push(stamp(0));
  let begin = 0;
  for (let i = plain.indexOf(newline); i >= 0 && i + 1 < plain.length; i = plain.indexOf(newline, i + 1)) {
    pieces.push(plain.subarray(begin, i + 1), stamp(i + 1));
    begin = i + 1;
  }
  pieces.push(plain.subarray(begin));
  return Buffer.concat(pieces);
}
