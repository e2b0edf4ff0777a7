import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Another process holds the data directory. */
export class DataLockedError extends Error {
  override readonly name = 'DataLockedError';
}

/** Holds `<dir>/lock` for this process until the returned function is called. A lock whose process is gone is taken over.
 *  @throws {DataLockedError} naming the process that holds it */
export function lockData(dir: string): () => void {
  const path = join(dir, 'lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, `${process.pid} ${startTimeOf(process.pid) ?? ''}\n`);
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const [pid = '', started = ''] = readOrEmpty(path).trim().split(' ');
    if (pid !== '' && isRunning(Number(pid), started)) {
      throw new DataLockedError(`The data directory ${dir} is in use by process ${pid}: stop that one ('aweigh down --data ${dir}') or choose another directory with --data`);
    }
    rmSync(path, { force: true });
  }
  throw new DataLockedError(`The data directory ${dir} is being opened by another process at this moment: try again`);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isRunning(pid: number, started: string): boolean {
  const now = startTimeOf(pid);
  if (now !== undefined) return started === '' || now === started;
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Clock ticks since boot at which the process started (field 22 of proc(5) stat); undefined where there is no such process or no /proc. */
function startTimeOf(pid: number): string | undefined {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
