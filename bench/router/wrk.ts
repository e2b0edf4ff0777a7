import { spawn } from 'node:child_process';

export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers of 400 and above, and connections lost. */
  readonly failed: number;
}

const UNITS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3, m: 6e4 };

/** Requests of one user of FREE over kept connections. */
export async function runWrk(address: string, connections: number, seconds: number): Promise<Load> {
  const text = await output(['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-H', 'X-Traffic-Group: FREE', '-H', 'X-User-Id: user-1', `http://${address}:8080/`]);
  const latency = (share: string): number => {
    const [, value, unit = ''] = new RegExp(`^\\s+${share}%\\s+([0-9.]+)(\\w+)$`, 'm').exec(text) ?? [];
    return Number(value) * (UNITS[unit] ?? NaN);
  };
  const count = (pattern: RegExp): number => (pattern.exec(text)?.slice(1) ?? []).reduce((sum, n) => sum + Number(n), 0);
  return {
    perSecond: count(/Requests\/sec:\s+([0-9.]+)/), p50Ms: latency('50'), p99Ms: latency('99'),
    failed: count(/Non-2xx or 3xx responses: (\d+)/) + count(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/),
  };
}

function output(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (d: Buffer) => (text += d.toString()));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`wrk ended with ${code}`))));
  });
}
