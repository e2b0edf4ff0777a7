import { Command } from 'commander';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { EXIT } from '../exit-code.ts';
import { healthText } from '../health/health-text.ts';
import { readHealth, type Health } from '../health/read-health.ts';
import { Screen } from '../demo/screen.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { cleanUpCommand } from './health-clean-up.ts';
import { silenceCommand, silencesCommand, unsilenceCommand } from './health-silence.ts';

interface HealthOptions extends AccessOptions {
  readonly output: OutputFormat;
  readonly watch?: boolean;
  readonly all?: boolean;
}

const WATCH_MS = 1_000;
const DEFAULT_ROWS = 50;

export function healthCommand(terminal: Terminal): Command {
  const command = withAccess(new Command('health').description('every service of every namespace (or of -n), the worst first; exit code 3 where one is critical'))
    .argument('[service]')
    .addOption(outputOption())
    .option('-w, --watch', 'draw it again when it changes, until Ctrl-C')
    .option('--all', 'a line for every service, however many')
    .enablePositionalOptions()
    .action((service: string | undefined, options: HealthOptions) => useCluster(terminal, options, async (access) => {
      const look = (): Promise<Health> => readHealth({ client: access.client, now: terminal.clock.now(), ...(options.namespace && { namespace: options.namespace }), ...(service && { service }) });
      if (options.watch === true) return watch(terminal, options, look);
      const health = await look();
      if (service !== undefined && health.services.length === 0) throw new UserError(`There is no service ${service} ${options.namespace === undefined ? 'in any namespace' : `in namespace ${options.namespace}`}: 'aweigh health' lists them`);
      print(terminal, options.output, health, (all) => healthText(all, { now: terminal.clock.now(), rows: rowsOf(terminal, options) }));
      const critical = health.services.filter((s) => s.state === 'critical').length;
      if (critical > 0) throw new UserError(`${critical} of ${health.services.length} services ${critical === 1 ? 'is' : 'are'} critical`, { exitCode: EXIT.unwell });
    }));
  for (const make of [silenceCommand, unsilenceCommand, silencesCommand, cleanUpCommand]) command.addCommand(make(terminal));
  return command;
}

const rowsOf = ({ out }: Terminal, { all }: HealthOptions): number => (all === true ? Infinity : (out.rows ?? DEFAULT_ROWS));

/** Reads anew: it works with whatever may be listed, and a cluster that restarts is waited for. */
async function watch(terminal: Terminal, options: HealthOptions, look: () => Promise<Health>): Promise<void> {
  const { clock, signal, out } = terminal;
  const screen = new Screen(out);
  let last = '';
  while (!signal.aborted) {
    try {
      const health = await look();
      if (options.output === 'table') screen.draw(`${healthText(health, { now: clock.now(), rows: rowsOf(terminal, options) })}\n\n${new Date(clock.now()).toISOString()}`);
      else if (JSON.stringify(health.services.map((s) => s.findings.map((f) => f.id + f.rule))) !== last) print(terminal, options.output, health, () => '');
      last = JSON.stringify(health.services.map((s) => s.findings.map((f) => f.id + f.rule)));
    } catch (error) {
      if (error instanceof UserError) throw error;
      screen.draw(`The cluster does not answer: ${error instanceof Error ? error.message : String(error)}\n\n${new Date(clock.now()).toISOString()}`);
    }
    await new Promise<void>((resolve) => {
      const cancel = clock.after(WATCH_MS, resolve);
      signal.addEventListener('abort', () => { cancel(); resolve(); }, { once: true });
    });
  }
}

