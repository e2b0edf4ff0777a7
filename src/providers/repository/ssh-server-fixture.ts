import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';

const SSHD = '/usr/sbin/sshd';
export const hasSshd = (): boolean => existsSync(SSHD);

/** OpenSSH's own server, a process for each connection, which lets one key in as the user of the tests. For tests. */
export interface SshServer {
  /** Followed by the path of a repository. */
  readonly url: string;
  readonly privateKey: string;
  /** A key that it does not let in. */
  readonly strangerKey: string;
  readonly knownHosts: string;
  /** What it wrote about its connections. */
  log(): string;
  close(): Promise<void>;
}

/** @param root a folder of the test's own, for keys and configuration */
export async function startSshServer(root: string): Promise<SshServer> {
  const file = (name: string): string => join(root, name);
  for (const name of ['host', 'user', 'stranger']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file(name)]);
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const options = { HostKey: file('host'), AuthorizedKeysFile: file('user.pub'), StrictModes: 'no', UsePAM: 'no', PasswordAuthentication: 'no', KbdInteractiveAuthentication: 'no', PermitRootLogin: 'prohibit-password', PidFile: 'none', LogLevel: 'VERBOSE' };
  writeFileSync(file('sshd_config'), Object.entries(options).map(([name, value]) => `${name} ${value}\n`).join(''));
  let log = '';
  const open = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    const child = spawn(SSHD, ['-i', '-e', '-f', file('sshd_config')], { stdio: [socket, socket, 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { log += text; });
    child.on('exit', () => { open.delete(socket); socket.destroy(); });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    privateKey: readFileSync(file('user'), 'utf8'),
    strangerKey: readFileSync(file('stranger'), 'utf8'),
    knownHosts: `[127.0.0.1]:${port} ${readFileSync(file('host.pub'), 'utf8')}`,
    log: () => log,
    close: () => new Promise((resolve) => { for (const socket of open) socket.destroy(); server.close(() => resolve()); }),
  };
}
