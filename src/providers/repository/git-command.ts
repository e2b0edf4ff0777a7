import { spawn } from 'node:child_process';

/** What git programs are told of this process's surroundings; all else is left out, a person's own configuration included. */
export interface GitEnvironment {
  readonly path: string;
  /** Socket of an ssh agent. */
  readonly sshAgent?: string;
}

export interface GitOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** How the output is read. Default: UTF-8. */
  readonly encoding?: BufferEncoding;
  /** Default: none. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Git {
  (args: readonly string[], options?: GitOptions): Promise<string>;
  readonly directory: string;
}

/** git ended with another code than 0, or was ended since it took too long. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly command: string;
  readonly stderr: string;
  readonly timedOut: boolean;

  constructor(command: string, stderr: string, timedOut: boolean) {
    super(`git ${command}: ${timedOut ? 'no answer in time' : withoutCredentials(stderr).trim()}`);
    this.command = command;
    this.stderr = withoutCredentials(stderr);
    this.timedOut = timedOut;
  }
}

export const COMMITTER = { name: 'aweigh', email: 'aweigh@localhost' };
const PROTOCOLS = 'file:git:http:https:ssh';

/** git in a folder, without anybody's configuration, prompts or hooks of templates. @throws {GitError} */
export function gitIn(directory: string, environment: GitEnvironment): Git {
  const run = (args: readonly string[], options: GitOptions = {}): Promise<string> => new Promise((resolve, reject) => {
    const { encoding, env, input, timeoutMs, signal } = options;
    const child = spawn('git', ['-C', directory, ...args], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: environment.path, HOME: directory, LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_ALLOW_PROTOCOL: PROTOCOLS, GIT_OPTIONAL_LOCKS: '0',
        GIT_COMMITTER_NAME: COMMITTER.name, GIT_COMMITTER_EMAIL: COMMITTER.email, ...(environment.sshAgent === undefined ? {} : { SSH_AUTH_SOCK: environment.sshAgent }), ...env,
      },
    });
    let timedOut = false;
    // git starts others (ssh, git-remote-https): they are its process group.
    const end = (): void => { try { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL'); } catch { /* Ended by itself. */ } };
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => { timedOut = true; end(); }, timeoutMs);
    signal?.addEventListener('abort', end, { once: true });
    const out: Buffer[] = [], err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => { /* git ended before it read all: its exit code says why. */ });
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (code === 0) resolve(Buffer.concat(out).toString(encoding));
      else reject(new GitError(args.find((a) => !a.startsWith('-')) ?? '', Buffer.concat(err).toString(), timedOut));
    });
  });
  return Object.assign(run, { directory });
}

function withoutCredentials(text: string): string {
  return text.replaceAll(/\/\/[^/@\s]*@/g, '//');
}
