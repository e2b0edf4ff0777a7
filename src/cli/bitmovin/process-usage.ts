import { existsSync, readFileSync } from 'node:fs';

export interface ProcessUsage {
  readonly memoryMib: number;
  /** Since its start. */
  readonly cpuSeconds: number;
}

/** proc(5): fields 14 and 15 of stat are in ticks, of which Linux has 100 a second for programs; undefined where there is no such process, or no /proc. */
export function processUsage(pid: number | undefined): ProcessUsage | undefined {
  if (pid === undefined || !existsSync(`/proc/${pid}/status`)) return undefined;
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { memoryMib: Math.round(Number(resident ?? 0) / 1_024), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
}
