import { Command, Option } from 'commander';
import { countFrom } from '../count-option.ts';
import { generateLoad } from '../demo/load-generator.ts';
import { REQUEST_KINDS, type RequestKind } from '../demo/load-plan.ts';
import type { Terminal } from '../terminal.ts';

const PROGRESS_MS = 250;

interface LoadCommandOptions {
  readonly url: readonly string[];
  readonly log: string;
  readonly rate: number;
  readonly seconds: number;
  readonly longestMs: number;
  readonly users: number;
  readonly kinds: readonly RequestKind[];
}

/** The load generator of the demo and the tests, as a process of its own: one line of progress at a time on standard output. */
export function loadCommand(terminal: Terminal): Command {
  return new Command('load').description('send requests of users of all groups to addresses of this machine until stopped')
    .requiredOption('--url <url...>', "the router's; several get a request in turn")
    .requiredOption('--log <file>', 'gets one JSON line a request')
    .option('--rate <n>', 'requests a second', countFrom(1), 500)
    .option('--seconds <n>', 'end by itself after so long', countFrom(1), 600)
    .option('--longest-ms <n>', 'how long slow requests take at most, 300 to 5000', countFrom(300), 5_000)
    .option('--users <n>', 'that come in turn', countFrom(1), 2_000)
    .addOption(new Option('--kinds <kind...>', 'what the service answers').choices(REQUEST_KINDS).default(REQUEST_KINDS))
    .action(async (options: LoadCommandOptions) => {
      let requests = 0, failed = 0;
      const tell = (): void => { terminal.out.write(`${JSON.stringify({ requests, failed })}\n`); };
      const timer = setInterval(tell, PROGRESS_MS);
      await generateLoad({
        urls: options.url, requestsPerSecond: options.rate, log: options.log, signal: terminal.signal, maxMs: options.seconds * 1_000, longestMs: options.longestMs, users: options.users, kinds: options.kinds,
        onRecord: (record) => { requests++; if (record.error !== undefined || record.status === 0) failed++; },
      });
      clearInterval(timer);
      tell();
    });
}
