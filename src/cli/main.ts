import { userInfo } from 'node:os';
import { Command, CommanderError } from 'commander';
import { pino } from 'pino';
import { StatusError } from '../client/status-error.ts';
import { UnusableDataError } from '../engine/store/data-error.ts';
import { ImageError } from '../engine/images/image-error.ts';
import type { Logger } from '../runtime/logger.ts';
import { systemClock, systemRandom } from '../runtime/system-clock.ts';
import { partCommands } from './commands/parts.ts';
import { EXIT, EXIT_HELP } from './exit-code.ts';
import { plainLogger } from './output/plain-logger.ts';
import { aweighProgram, packageVersion } from './program.ts';
import type { Terminal } from './terminal.ts';
import { UserError } from './user-error.ts';

/** Commands that run for long and write structured logs. */
const PARTS = new Set(['control-plane', 'apiserver', 'controllers', 'node', 'network', 'router']);

/** Runs the command line of this process and sets its exit code. */
export async function main(): Promise<void> {
  const stop = new AbortController();
  const isPart = PARTS.has(process.argv[2] ?? '');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Nothing ends sooner: what was cut off would be left behind.
      if (stop.signal.aborted && !isPart) process.stderr.write('aweigh: still stopping\n');
      stop.abort();
    });
  }
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  // The clock's timers alone do not keep a process alive.
  const alive = setInterval(() => {}, 2 ** 30);
  const terminal: Terminal = {
    out: process.stdout, err: process.stderr, env: process.env, workingDirectory: process.cwd(), program: aweighProgram(), actor: actorOf(process.env),
    clock: systemClock, random: systemRandom, signal: stop.signal,
    log: isPart ? (pino({ base: { part: process.argv[2] }, level: process.env['AWEIGH_LOG_LEVEL'] ?? 'info' }) as unknown as Logger) : plainLogger(process.stderr),
  };
  try {
    await (await commandLine(terminal, isPart)).parseAsync();
  } catch (error) {
    process.exitCode = explain(error, terminal);
  } finally {
    clearInterval(alive);
  }
  if (isPart || process.exitCode !== undefined) process.exit();
}

async function commandLine(terminal: Terminal, isPart: boolean): Promise<Command> {
  const command = new Command('aweigh')
    .description('Deploys, scales and operates applications: Kubernetes resources, multi-stage canary releases, and an embedded Kubernetes for one machine.')
    .version(packageVersion())
    .addHelpText('after', EXIT_HELP)
    .showHelpAfterError("('aweigh --help' lists the commands)")
    .enablePositionalOptions()
    .exitOverride();
  // A part that starts again is waited for: it does not load what people's commands need.
  if (!isPart) for (const each of (await import('./commands/people.ts')).peopleCommands(terminal)) command.addCommand(each, { hidden: each.name() === 'load' });
  for (const each of partCommands(terminal)) command.addCommand(each, { hidden: true });
  overrideExit(command);
  return command;
}

function overrideExit(command: Command): void {
  for (const each of command.commands) {
    each.exitOverride();
    overrideExit(each);
  }
}

/** Prints what a person can use of an error; returns the exit code. */
function explain(error: unknown, { err, env, signal }: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (signal.aborted) return EXIT.interrupted;
  if (error instanceof UserError || error instanceof ImageError || error instanceof UnusableDataError) err.write(`aweigh: ${error.message}\n`);
  else if (error instanceof StatusError) err.write(`aweigh: ${statusMessage(error)}\n`);
  else err.write(`aweigh: ${error instanceof Error ? (env['AWEIGH_DEBUG'] === undefined ? `${error.message} (AWEIGH_DEBUG=1 shows where)` : error.stack) : String(error)}\n`);
  if (error instanceof UnusableDataError) return EXIT.unusable;
  return error instanceof UserError ? error.exitCode : EXIT.failed;
}

function statusMessage(error: StatusError): string {
  if (error.reason === 'ConnectionLost') return `${error.message}: is the cluster up? 'aweigh up' starts the embedded one`;
  return error.message;
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}

function actorOf(env: NodeJS.ProcessEnv): string {
  if (env['AWEIGH_ACTOR']) return env['AWEIGH_ACTOR'];
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in some containers.
    return env['USER'] ?? 'unknown';
  }
}
