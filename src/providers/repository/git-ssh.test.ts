import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GitCredentials } from '../../api/git/credentials.ts';
import type { Exchange } from '../../controllers/record/repository.ts';
import { silentLogger } from '../../runtime/logger.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { gitRepositories } from '../source/git-repositories.ts';
import { openRepository } from './git.ts';
import { hasSshd, startSshServer, type SshServer } from './ssh-server-fixture.ts';

if (!hasSshd()) console.log('Not tested: remotes over ssh, which need openssh-server');

/** ssh as git finds it, which notes what it was started with and how the files that it is told of may be read. */
const SSH = `#!/bin/sh
{ echo "arguments: $*"; env; } >> "$0.seen"
config=$(printf '%s\\n' "$@" | sed -n '/^-F$/{n;p}')
if [ -n "$config" ]; then stat -c '%a %n' "$(dirname "$config")" "$(dirname "$config")"/* >> "$0.modes"; fi
exec /usr/bin/ssh "$@"
`;

/** Whatever the folder of a cluster is called. */
const RECORD = "the record, it's 100%d";

describe.skipIf(!hasSshd() && process.env['CI'] === undefined)('over ssh', () => {
  let root: string;
  let server: SshServer;
  const closing: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'aweigh-ssh-test-'));
    mkdirSync(join(root, 'bin'));
    mkdirSync(join(root, 'server'));
    writeFileSync(join(root, 'bin/ssh'), SSH);
    chmodSync(join(root, 'bin/ssh'), 0o755);
    execFileSync('git', ['init', '-q', '--bare', '--initial-branch=main', join(root, 'server/record.git')]);
    server = await startSshServer(join(root, 'server'));
    closing.push(() => server.close());
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    rmSync(root, { recursive: true, force: true });
  });

  const environment = () => ({ path: `${join(root, 'bin')}:${process.env['PATH']}` });
  const url = (): string => `${server.url}${join(root, 'server/record.git')}`;
  const seen = (name: string): string => readFileSync(join(root, `bin/ssh.${name}`), 'utf8');
  const login = (change: Partial<Extract<GitCredentials, { type: 'ssh' }>> = {}): GitCredentials => ({ type: 'ssh', privateKey: server.privateKey, knownHosts: server.knownHosts, ...change });

  async function exchange(credentials?: GitCredentials): Promise<Exchange> {
    const logged: unknown[] = [];
    const note = (...all: unknown[]): void => void logged.push(all);
    const repository = await openRepository(join(root, RECORD), { log: { ...silentLogger, info: note, warn: note, error: note }, clock: systemClock, environment: environment() });
    try {
      await repository.commit({ directory: 'applications/default/shop', files: new Map([['delivery.yaml', '1']]), subject: 'shop: changed', trailers: new Map(), actor: 'grace' });
      const result = await repository.exchange({ url: url(), branch: 'main', ...(credentials && { credentials }) }, new AbortController().signal);
      expect(JSON.stringify([logged, result])).not.toContain('PRIVATE KEY');
      return result;
    } finally {
      await repository.close();
    }
  }

  test('the record is pushed with the key of a Secret to a host that it knows; the key is nowhere but in a file for its owner, which goes', async () => {
    expect(await exchange(login())).toMatchObject({ outcome: 'synchronized', pushed: 1 });
    expect(execFileSync('git', ['-C', join(root, 'server/record.git'), 'log', '--format=%s', 'main'], { encoding: 'utf8' })).toBe('shop: changed\n');
    expect(await exchange(login()), 'and fetched').toMatchObject({ outcome: 'synchronized', pushed: 0 });
    const secret = server.privateKey.split('\n')[1] ?? 'none';
    expect(seen('seen')).not.toContain(secret);
    const modes = seen('modes').trim().split('\n');
    expect(modes.filter((line) => /\/aweigh-ssh-[^/]+$/.test(line)).every((line) => line.startsWith('700 '))).toBe(true);
    expect(new Set(modes.filter((line) => !/\/aweigh-ssh-[^/]+$/.test(line)).map((line) => `${line.slice(0, 3)} ${line.split('/').at(-1)}`))).toEqual(new Set(['600 key', '600 known_hosts', '600 config']));
    expect(readdirSync(join(root, RECORD, '.git')).filter((name) => name.startsWith('aweigh-ssh'))).toEqual([]);
  });

  test.for([
    { when: 'the Secret knows no host', change: () => ({ knownHosts: '' }), says: /host key is not in known_hosts of the Secret.*ssh-keyscan/ },
    { when: 'the host has another key than the Secret says', change: () => ({ knownHosts: `${server.knownHosts.split(' ')[0]} ${readFileSync(join(root, 'server/stranger.pub'), 'utf8')}` }), says: /host key is not in known_hosts of the Secret/ },
    { when: 'the Secret has no known_hosts', change: () => ({ knownHosts: undefined }), says: /host key is not in known_hosts of the Secret/ },
    { when: 'the server does not let the key in', change: () => ({ privateKey: server.strangerKey }), says: /Permission denied \(publickey\)/ },
    { when: 'the key is none', change: () => ({ privateKey: 'no key at all' }), says: /Permission denied|invalid format|error in libcrypto/ },
  ])('$when: nothing is sent, and why is said', async ({ change, says }) => {
    const { knownHosts, ...others } = { ...login(), ...change() } as { type: 'ssh'; privateKey: string; knownHosts?: string };
    expect(await exchange({ ...others, ...(knownHosts === undefined ? {} : { knownHosts }) })).toMatchObject({ outcome: 'failed', reason: 'AccessDenied', message: expect.stringMatching(says) as string, waiting: 1 });
    expect(server.log()).not.toContain('Accepted publickey');
  });

  test('a key that a killed process left goes at the next start', async () => {
    await exchange(login());
    const left = join(root, RECORD, '.git/aweigh-ssh-killed');
    mkdirSync(left);
    writeFileSync(join(left, 'key'), server.privateKey, { mode: 0o600 });
    expect(await exchange(login())).toMatchObject({ outcome: 'synchronized' });
    expect(existsSync(left)).toBe(false);
  });

  test('a Source follows a branch by the same rules', async () => {
    await exchange(login());
    const directory = join(root, "its so'urces");
    mkdirSync(join(directory, 'aweigh-ssh-killed'), { recursive: true });
    const repositories = gitRepositories({ directory, environment: environment(), allowFiles: false });
    const branch = { url: url(), branch: 'main' };
    const signal = new AbortController().signal;
    const tip = await repositories.tip({ ...branch, credentials: login() }, signal);
    const checkout = await repositories.checkOut({ ...branch, credentials: login() }, tip ?? '', signal);
    expect(readFileSync(join(checkout.folder, 'applications/default/shop/delivery.yaml'), 'utf8')).toBe('1');
    await checkout.dispose();
    await expect(repositories.tip({ ...branch, credentials: login({ knownHosts: '' }) }, signal)).rejects.toMatchObject({ reason: 'AccessDenied' });
    await expect(repositories.tip({ ...branch, credentials: login({ privateKey: server.strangerKey }) }, signal)).rejects.toMatchObject({ reason: 'AccessDenied' });
    expect(readdirSync(directory).filter((name) => name.startsWith('aweigh-ssh'))).toEqual([]);
  });
});
