import type { ControlCredentials, RouterPod, TrafficProvider } from '../../../controllers/routing/traffic-provider.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { askRouter } from '../control-connection.ts';
import { heldSlots, planCommands, setMap } from './plan.ts';
import { parseStat, parseState, READ_COMMANDS } from './runtime-state.ts';

/** HAProxy takes a line of at most tune.bufsize (16 KiB). */
const LINE_LIMIT = 12_000;
const MAX_PASSES = 6;

/** Routers that are HAProxy 2.6 or later with the config of `haproxyConfig`. */
export function haproxyProvider(clock: Clock): TrafficProvider {
  return {
    async tell(pod, credentials, traffic, signal) {
      let state = parseState(await run(pod, credentials, READ_COMMANDS, signal));
      const served = state.map.get('ready') === '1';
      let changed = false;
      let startedAt: number | undefined;
      for (let pass = 0; ; pass++) {
        const plan = planCommands(traffic, state);
        if (plan.commands.length === 0) break;
        if (pass === MAX_PASSES) throw new Error(`Router ${pod.name} does not do as told: ${plan.commands.length} commands had no effect, the first is '${plan.commands[0]}'`);
        changed = true;
        const marks: string[] = [];
        if (plan.moves && served) {
          startedAt ??= clock.now();
          marks.push(setMap('switch', String(startedAt)));
        }
        state = parseState(await run(pod, credentials, [...plan.commands, ...marks, ...READ_COMMANDS], signal));
      }
      const observedAt = clock.now();
      if (!served) {
        const told = parseState(await run(pod, credentials, [setMap('ready', '1'), ...READ_COMMANDS], signal));
        // A process that restarted in between forgot what it was told.
        if (told.map.get('ready') !== '1' || planCommands(traffic, told).commands.length > 0) throw new Error(`Router ${pod.name} restarted while it was told`);
        changed = true;
      }
      const lastSwitchAt = Number(state.map.get('switch') ?? 0);
      return { changed, observedAt, ...(lastSwitchAt > 0 ? { lastSwitchAt } : {}) };
    },

    async stats(pod, credentials, signal) {
      const text = await run(pod, credentials, [...READ_COMMANDS.slice(0, 1), 'show stat -1 2 -1'], signal);
      const slots = new Map([...heldSlots(parseState(text))].map(([backend, slot]) => [slot, backend]));
      return parseStat(text).flatMap((row) => {
        const backend = slots.get(row['pxname'] ?? '');
        return backend === undefined || row['svname'] !== 'BACKEND' ? [] : [{ backend, total: Number(row['req_tot'] ?? 0), errors: Number(row['hrsp_5xx'] ?? 0) }];
      });
    },
  };
}

async function run(pod: RouterPod, credentials: ControlCredentials, commands: readonly string[], signal: AbortSignal): Promise<string> {
  let text = '';
  for (const batch of batches(commands)) text = await askRouter(pod, credentials, `${batch}\n`, signal);
  return text;
}

/** Commands joined into lines that HAProxy takes; the reading ones are last, so that the last answer has them. */
function batches(commands: readonly string[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const command of commands) {
    if (line.length + command.length + 1 > LINE_LIMIT) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? command : `${line};${command}`;
  }
  return [...lines, line];
}
