#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants, homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Lowest major version of Node.js that the program runs on. */
const REQUIRED = 22;

// Runs on any Node.js that knows ES modules, so that an old one gets a sentence instead of a syntax error.
const major = Number(process.versions.node.split('.')[0]);
const pinned = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));
if (major >= REQUIRED) {
  // Compiled code is kept, which halves the time to start; in a folder of the user's own, as what lies there is run. Node's default is below /tmp.
  module.enableCompileCache?.(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'aweigh', 'compiled'));
  const { main } = await import('../cli/main.ts');
  await main();
} else if (existsSync(pinned)) {
  const { spawn } = await import('node:child_process');
  const child = spawn(pinned, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // The terminal sends Ctrl-C to the child too; this process only waits for it.
    process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  }
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
} else {
  process.stderr.write(`aweigh needs Node.js ${REQUIRED} or later, this is ${process.versions.node}: install one from https://nodejs.org and run the command again\n`);
  process.exit(1);
}
