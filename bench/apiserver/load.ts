import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load as loadInProcess, type LoadRequest, type LoadResult, type Target } from './load-client.ts';

export const hasWrk = spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined;

export interface Load {
  readonly connections: number;
  /** With `once` the longest time that it may take. */
  readonly seconds: number;
  readonly once?: boolean;
  /** A folder for the requests' file. */
  readonly folder: string;
}

/** Loads a server with wrk, or, without wrk, from this process, which then takes more of the processor from the server. wrk runs for a fixed time only. */
export async function runLoad(target: Target, requests: readonly LoadRequest[], options: Load): Promise<LoadResult> {
  return hasWrk && options.once !== true ? runWrk(target, requests, options) : loadInProcess(target, requests, options);
}

async function runWrk(target: Target, requests: readonly LoadRequest[], { connections, seconds, folder }: Load): Promise<LoadResult> {
  const file = join(folder, 'requests.txt');
  writeFileSync(file, `${requests.map((r) => [r.method, r.path, r.contentType ?? (r.body === undefined ? '' : 'application/json'), r.accept ?? 'application/json', r.body ?? ''].join('\t')).join('\n')}\n`);
  const threads = Math.min(2, connections);
  const args = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', '-s', join(import.meta.dirname, 'load.lua'), `https://${target.host}:${target.port}`, '--', file];
  const output = await textOf('wrk', args, { ...process.env, TOKEN: target.token });
  const line = output.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`wrk said nothing of its result:\n${output}`);
  const result = JSON.parse(line) as { requests: number; seconds: number; failed: number; p50: number; p99: number };
  return { perSecond: (result.requests - result.failed) / result.seconds, requests: result.requests, failed: result.failed, p50: result.p50, p99: result.p99 };
}

function textOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`${program} ended with ${code}: ${text}`))));
  });
}
