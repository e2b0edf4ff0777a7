import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../../runtime/clock.ts';
import { allPids, readEnv, readStat } from './proc.ts';

const lookAgainMs = 20;

/** Uids of all pods whose folders are below `folder`, the node's own. */
export function keptPods(folder: string): ReadonlySet<string> {
  const pods = join(folder, 'pods');
  return new Set(existsSync(pods) ? readdirSync(pods) : []);
}

/** Ends at once whatever still runs of these pods, also what left its process group; resolves when nothing does.
 *  @param tell gets the process ids before they are killed */
export async function killLeftProcesses(pods: ReadonlySet<string>, clock: Clock, tell: (pids: readonly number[]) => void): Promise<void> {
  if (pods.size === 0) return;
  for (let left = processesOf(pods); left.length > 0; left = processesOf(pods)) {
    tell(left);
    for (const pid of left) kill(pid);
    await new Promise<void>((resolve) => clock.after(lookAgainMs, resolve));
  }
}

/** Whatever a pod starts inherits its mark. */
function processesOf(pods: ReadonlySet<string>): number[] {
  return allPids().filter((pid) => {
    const state = readStat(pid)?.state;
    return state !== undefined && state !== 'Z' && pods.has(readEnv(pid, 'POD_UID') ?? '');
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went by itself.
  }
}
