import { readdirSync, readFileSync } from 'node:fs';

/** Names one process for good: a process id alone is used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat. */
  readonly startTicks: string;
  readonly bootId: string;
}

export interface ProcessStat {
  readonly state: string;
  readonly group: number;
  readonly startTicks: string;
  /** User and system time, its own and that of children waited for, ticks. */
  readonly cpuTicks: number;
  readonly residentPages: number;
}

export const ticksPerSecond = 100;
export const pageBytes = 4096;

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Undefined where there is no such process. */
export function readStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name in parentheses may hold spaces and parentheses itself.
  const f = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: f[0]!, group: Number(f[2]), startTicks: f[19]!, cpuTicks: Number(f[11]) + Number(f[12]) + Number(f[13]) + Number(f[14]), residentPages: Number(f[21]) };
}

/** A zombie counts as dead: nobody may be there to reap it. */
export function isAlive(identity: ProcessIdentity, currentBoot: string): boolean {
  if (identity.bootId !== currentBoot) return false;
  const stat = readStat(identity.pid);
  return stat !== undefined && stat.startTicks === identity.startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

export function allPids(): number[] {
  return readdirSync('/proc').filter((n) => /^\d+$/.test(n)).map(Number);
}

/** Live processes of the groups, by group; absent: of all groups. */
export function membersOf(groups: ReadonlySet<number> | undefined): Map<number, { pid: number; stat: ProcessStat }[]> {
  const members = new Map<number, { pid: number; stat: ProcessStat }[]>();
  for (const pid of allPids()) {
    const stat = readStat(pid);
    if (stat === undefined || stat.state === 'Z' || stat.state === 'X' || groups?.has(stat.group) === false) continue;
    const list = members.get(stat.group);
    if (list === undefined) members.set(stat.group, [{ pid, stat }]);
    else list.push({ pid, stat });
  }
  return members;
}

/** Memory of a process, each shared page counted by how many share it; 0 where it is gone. */
export function proportionalBytes(pid: number): number {
  try {
    return Number(/^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

/** Live processes whose first environment has `NAME=value`. */
export function pidsWithEnv(entry: string): number[] {
  const [name = '', value] = entry.split(/=(.*)/s);
  return allPids().filter((pid) => {
    const state = readStat(pid)?.state;
    return state !== 'Z' && state !== undefined && readEnv(pid, name) === value;
  });
}

/** A variable of the environment that a process was started with; undefined where it has none, is gone, or is somebody else's. */
export function readEnv(pid: number, name: string): string | undefined {
  try {
    const text = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
    const at = text.indexOf(`\0${name}=`);
    if (at < 0) return undefined;
    const from = at + name.length + 2, to = text.indexOf('\0', from);
    return text.slice(from, to < 0 ? undefined : to);
  } catch {
    return undefined;
  }
}
