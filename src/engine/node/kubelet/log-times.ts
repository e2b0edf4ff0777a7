import { appendFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';

/** When a log had grown to a size: programs write straight to the file, so that the time of a line is that of the look which first saw it. */
export interface LogMark {
  /** Bytes. */
  readonly size: number;
  readonly atMs: number;
}

/** Notes the size of a log that has grown since the last look. Returns the size, bytes.
 *  @param lastSize what the last look returned */
export function markLog(logFile: string, lastSize: number | undefined, nowMs: number): number {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0 && size !== lastSize) appendFileSync(`${logFile}.times`, `${size} ${nowMs}\n`, { mode: 0o600 });
  return size;
}

/** Forgets the times of what is no longer kept. */
export function dropMarks(logFile: string, beginBytes: number): void {
  const kept = readMarks(logFile).filter((m) => m.size > beginBytes);
  writeFileSync(`${logFile}.times.new`, kept.map((m) => `${m.size} ${m.atMs}\n`).join(''), { mode: 0o600 });
  renameSync(`${logFile}.times.new`, `${logFile}.times`);
}

export function readMarks(logFile: string): LogMark[] {
  try {
    return readFileSync(`${logFile}.times`, 'latin1').trim().split('\n').map((line) => line.split(' ').map(Number)).flatMap(([size, atMs]) => (size === undefined || atMs === undefined || Number.isNaN(atMs) ? [] : [{ size, atMs }]));
  } catch {
    return [];
  }
}

/** Time of what begins at an offset; `startedAtMs` where no look tells. */
export function timeAt(marks: readonly LogMark[], offset: number, fallbackMs: number): number {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (marks[middle]!.size > offset) high = middle;
    else low = middle + 1;
  }
  return marks[low]?.atMs ?? fallbackMs;
}

/** Bytes that were there before a time. */
export function offsetSince(marks: readonly LogMark[], sinceMs: number): number {
  let offset = 0;
  for (const mark of marks) {
    if (mark.atMs >= sinceMs) break;
    offset = mark.size;
  }
  return offset;
}
