import { stat } from 'node:fs/promises';
import type { BuildOutcome, BuildProvider, BuildRequest } from '../../controllers/source/ports.ts';
import { runCommand, type CommandResult } from './command.ts';
import type { Isolation } from './sandbox.ts';

export interface ImageBuilderOptions {
  /** Packs a folder; resolves to `name@sha256:…`. @throws what {@link isInvalid} knows where the folder is at fault */
  readonly pack: (folder: string, tag: string) => Promise<string>;
  readonly isInvalid: (error: unknown) => boolean;
  readonly take: BuildProvider['take'];
  readonly path: string;
  readonly home: string;
  /** Folders of which commands see nothing. */
  readonly hidden: readonly string[];
  /** See {@link isolationHere}. */
  readonly isolation: Isolation;
}

/** Builds on this machine: the commit's own programs run in a sandbox, as far as the machine lets anybody make one. */
export function imageBuilder(options: ImageBuilderOptions): BuildProvider {
  return { build: (request) => build(options, request), take: options.take };
}

async function build(options: ImageBuilderOptions, request: BuildRequest): Promise<BuildOutcome> {
  const { checkout, folder, command, test, tag } = request;
  if (!(await stat(folder).then((found) => found.isDirectory(), () => false))) return { outcome: 'broken', reason: 'ImageInvalid', message: 'the commit has no such folder: correct spec.git.build.folder', log: '' };
  for (const [reason, program, what] of [['BuildFailed', command, 'build command'], ['TestFailed', test, 'test']] as const) {
    if (program === undefined) continue;
    const network = request.network === 'all' || (request.network === 'command' && reason === 'BuildFailed');
    const { timeoutMs, memoryBytes, processes, signal } = request;
    const result = await runCommand(program, { checkout, folder, path: options.path, home: options.home, hidden: options.hidden, isolation: options.isolation, network, timeoutMs, memoryBytes, processes, signal });
    if (result.ended === 'aborted') throw new Error('The controllers stop; the commit is built when they are back');
    if (result.ended !== 'exit' || result.code !== 0) return { outcome: 'broken', reason, message: `the ${what} '${program.join(' ')}' ${verdict(result, request)}${network || !options.isolation.ownNetwork ? '' : OFFLINE}`, log: result.log };
  }
  try {
    return { outcome: 'built', image: await options.pack(folder, tag) };
  } catch (error) {
    if (!options.isInvalid(error)) throw error;
    return { outcome: 'broken', reason: 'ImageInvalid', message: error instanceof Error ? error.message.replaceAll(folder, '.') : String(error), log: '' };
  }
}

/** The likeliest cause where something is fetched, which its own words seldom say. */
const OFFLINE = '; it reached no network but its own loopback: what it fetches belongs into spec.git.build.command, or set spec.git.build.network to all';
const MEBIBYTE = 2 ** 20;

function verdict(result: CommandResult, { timeoutMs, memoryBytes, processes }: BuildRequest): string {
  switch (result.ended) {
    case 'exit': return `exited with ${result.code}`;
    case 'notFound': return `could not be started: ${result.log}`;
    case 'memory': return `used more than its ${memoryBytes / MEBIBYTE}Mi of memory: let it do with less, or raise spec.git.build.memory`;
    case 'processes': return `had more than its ${processes} processes: let it do with fewer, or raise spec.git.build.processes`;
    default: return `did not end within ${timeoutMs / 1_000} s`;
  }
}
