import type { GitEnvironment } from '../../providers/repository/git-command.ts';
import type { Terminal } from '../terminal.ts';

/** What git sees of the environment: its programs, and the ssh agent that may hold the keys of remotes. */
export function gitEnvironment(env: Terminal['env']): GitEnvironment {
  const agent = env['SSH_AUTH_SOCK'];
  return { path: env['PATH'] ?? '/usr/bin:/bin', ...(agent === undefined ? {} : { sshAgent: agent }) };
}
