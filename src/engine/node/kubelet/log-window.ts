import { execFile } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemProgram } from '../runtime/process/system-program.ts';
import { dropMarks } from './log-times.ts';

/** How much of a container's log is kept: whole pieces of `maxSizeBytes`, at most `maxFiles` of them, as the kubelet's options of these names. */
export interface LogLimits {
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
}

const searchBytes = 1_048_576;
const newline = 10;

/** Where what is kept of a log begins, bytes; 0: it is whole. */
export function firstKept(logFile: string): number {
  try {
    return Number(readFileSync(beginFile(logFile), 'latin1')) || 0;
  } catch {
    return 0;
  }
}

/** Gives the disk space of a log's oldest lines back once there is more than the limits keep. Programs hold the file open and write to its end,
 *  so it is neither renamed nor cut: its head becomes a hole, offsets stay, and no line that is written meanwhile is lost.
 *  Returns whether anything was dropped. @throws {Error} where the file system knows no holes */
export async function trimLog(logFile: string, sizeBytes: number, { maxSizeBytes, maxFiles }: LogLimits): Promise<boolean> {
  const begin = firstKept(logFile);
  const surplus = sizeBytes - begin - maxSizeBytes * maxFiles;
  if (surplus <= 0) return false;
  const next = await lineAfter(logFile, begin + Math.ceil(surplus / maxSizeBytes) * maxSizeBytes);
  // First the word, then the deed: who reads never meets the hole.
  writeFileSync(`${beginFile(logFile)}.new`, String(next), { mode: 0o600 });
  renameSync(`${beginFile(logFile)}.new`, beginFile(logFile));
  await promisify(execFile)(systemProgram('fallocate'), ['--punch-hole', '--offset', '0', '--length', String(next), logFile]);
  dropMarks(logFile, next);
  return true;
}

const beginFile = (logFile: string): string => `${logFile}.begin`;

/** Start of the first line at or after an offset; the offset itself where a line is longer than any sensible one. */
async function lineAfter(logFile: string, offset: number): Promise<number> {
  const file = await open(logFile, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(searchBytes), 0, searchBytes, offset - 1);
    const end = buffer.subarray(0, bytesRead).indexOf(newline);
    return end < 0 ? offset : offset + end;
  } finally {
    await file.close();
  }
}
