import { readFileSync } from 'node:fs';
import { ticksPerSecond } from '../runtime/process/proc.ts';

/** CPU time that this machine has spent since its start, seconds, and the memory that it could not give to a new program, bytes. */
export function machineUsage(): { readonly cpuSeconds: number; readonly memoryBytes: number } {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]?.split(' ').map(Number) ?? [];
  const memory = readFileSync('/proc/meminfo', 'latin1');
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(memory)?.[1] ?? 0);
  return { cpuSeconds: (user + nice + system + irq + softirq) / ticksPerSecond, memoryBytes: (kibibytes('MemTotal') - kibibytes('MemAvailable')) * 1_024 };
}
