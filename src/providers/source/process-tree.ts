import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** Memory that is the processes' own, pages of files left out. */
  readonly memoryBytes: number;
  readonly processes: number;
}

/** What a process and all that it started use, by proc(5); zero where there is no such process, or no such file system. */
export function usageOf(pid: number): Usage {
  let memoryBytes = 0, processes = 0;
  const left = [pid];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    const status = text(`/proc/${at}/status`);
    if (status === undefined) continue;
    processes++;
    for (const [, kilobytes] of status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)) memoryBytes += Number(kilobytes) * 1_024;
    for (const thread of entries(`/proc/${at}/task`)) left.push(...(text(`/proc/${at}/task/${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number));
  }
  return { memoryBytes, processes };
}

/** It may end at any moment. */
function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
