import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import type { HookListener } from './source-options.ts';

export interface HookOptions {
  readonly hooks?: string;
  readonly hooksCert?: string;
  readonly hooksKey?: string;
}

/** The flags that say where push webhooks of Sources are heard. */
export function withHooks(command: Command): Command {
  return command
    .option('--hooks <address>', 'hear push webhooks of Sources there, such as 127.0.0.1:9443 (default: nowhere; Sources are polled)', readAddress)
    .option('--hooks-cert <file>', 'certificate (PEM) for webhooks over TLS').option('--hooks-key <file>', 'its key (PEM)');
}

function readAddress(text: string): string {
  const port = Number(text.slice(text.lastIndexOf(':') + 1));
  if (!/^.+:\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('An address is HOST:PORT, such as 127.0.0.1:9443.');
  return text;
}

/** @throws {UserError} where certificate or key cannot be read, or plain http would leave this machine */
export function hookListener({ workingDirectory }: Pick<Terminal, 'workingDirectory'>, { hooks, hooksCert, hooksKey }: HookOptions): { readonly hooks?: HookListener } {
  if (hooks === undefined) return {};
  const colon = hooks.lastIndexOf(':');
  const host = hooks.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port = Number(hooks.slice(colon + 1));
  if ((hooksCert === undefined) !== (hooksKey === undefined)) throw new UserError('Webhooks over TLS need both: give --hooks-cert and --hooks-key, or neither');
  if (hooksCert === undefined || hooksKey === undefined) {
    if (!/^(127\.|localhost$|::1$)/.test(host)) throw new UserError(`Webhooks on ${host} would be plain http beyond this machine, with GitLab's token in it: give --hooks-cert and --hooks-key, or listen on 127.0.0.1 behind something that ends TLS`);
    return { hooks: { host, port } };
  }
  const read = (file: string): string => {
    try {
      return readFileSync(resolve(workingDirectory, file), 'utf8');
    } catch (error) {
      throw new UserError(`Cannot read ${file}: ${(error as Error).message}`, { cause: error });
    }
  };
  return { hooks: { host, port, tls: { cert: read(hooksCert), key: read(hooksKey) } } };
}

/** The same flags for another process. */
export function hookFlags({ workingDirectory }: Pick<Terminal, 'workingDirectory'>, { hooks, hooksCert, hooksKey }: HookOptions): string[] {
  const file = (flag: string, name: string | undefined): string[] => (name === undefined ? [] : [flag, resolve(workingDirectory, name)]);
  return [...(hooks === undefined ? [] : ['--hooks', hooks]), ...file('--hooks-cert', hooksCert), ...file('--hooks-key', hooksKey)];
}
