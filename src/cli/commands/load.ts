import { Command } from 'commander';
import { generateLoad } from '../demo/load-generator.ts';
import type { Terminal } from '../terminal.ts';

const PROGRESS_MS = 250;

/** The load generator of the demo and the tests, as a process of its own: one line of progress at a time on standard output. */
export function loadCommand(terminal: Terminal): Command {
  return new Command('load').description('send requests of all groups for 2,000 users to an address of this machine until stopped')
    .requiredOption('--url <url>', "the router's")
    .requiredOption('--log <file>', 'gets one JSON line a request')
    .option('--rate <n>', 'requests a second', Number, 500)
    .option('--seconds <n>', 'end by itself after so long', Number, 600)
    .option('--longest-ms <n>', 'how long slow requests take at most, 300 to 5000', Number, 5_000)
    .action(async (options: { url: string; log: string; rate: number; seconds: number; longestMs: number }) => {
      let requests = 0, failed = 0;
      const tell = (): void => { terminal.out.write(`${JSON.stringify({ requests, failed })}\n`); };
      const timer = setInterval(tell, PROGRESS_MS);
      await generateLoad({
        url: options.url, requestsPerSecond: options.rate, log: options.log, signal: terminal.signal, maxMs: options.seconds * 1_000, longestMs: options.longestMs,
        onRecord: (record) => { requests++; if (record.error !== undefined || record.status === 0) failed++; },
      });
      clearInterval(timer);
      tell();
    });
}
