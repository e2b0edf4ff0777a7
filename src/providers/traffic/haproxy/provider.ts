import type { TrafficProvider } from '../../../controllers/routing/traffic-provider.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { cellsBySlot } from '../latency-cells.ts';
import { LATENCIES, SEGMENT_COUNTS } from './config.ts';
import { heldSlots, planCommands, setMap } from './plan.ts';
import { RuntimeSession } from './runtime-session.ts';
import { type HaproxyState, parseStat, parseState, parseTable, READ_COMMANDS, READ_MAP } from './runtime-state.ts';

const MAX_PASSES = 8;

/** Routers that are HAProxy 2.6 or later with the config of `haproxyConfig`. */
export function haproxyProvider(clock: Clock): TrafficProvider {
  return {
    async tell(pod, credentials, traffic, signal, atSwitch) {
      const session = new RuntimeSession(pod, credentials, signal);
      try {
        let state = parseState(await session.run(READ_COMMANDS));
        const served = state.map.get('ready') === '1';
        let changed = false;
        let observedAt: number | undefined;
        for (let pass = 0; ; pass++) {
          const plan = planCommands(traffic, state);
          const [first] = [...plan.before, ...plan.moves, ...plan.after];
          if (first === undefined) break;
          if (pass === MAX_PASSES) throw new Error(`Router ${pod.name} does not do as told: '${first}' has no effect`);
          changed = true;
          // Servers first, then the routes alone and all routers at the same time, then servers that leave.
          if (plan.before.length > 0) state = parseState(await session.run([...plan.before, ...READ_COMMANDS]));
          else if (plan.moves.length > 0) {
            if (served) await atSwitch?.();
            const marks = served ? [setMap('switch', String(clock.now()))] : [];
            state = { ...state, ...pickMap(parseState(await session.run([...plan.moves, ...marks, READ_MAP]))) };
            observedAt = clock.now();
          } else state = parseState(await session.run([...plan.after, ...READ_COMMANDS]));
          // A process that was replaced meanwhile is not ready any more.
          if (served && state.map.get('ready') !== '1') throw new Error(`Router ${pod.name} restarted while it was told`);
        }
        observedAt ??= clock.now();
        if (!served) {
          const told = parseState(await session.run([setMap('ready', '1'), READ_MAP]));
          if (told.map.get('ready') !== '1') throw new Error(`Router ${pod.name} restarted while it was told`);
        }
        const lastSwitchAt = Number(state.map.get('switch') ?? 0);
        return { changed: changed || !served, observedAt, ...(lastSwitchAt > 0 ? { lastSwitchAt } : {}) };
      } finally {
        session.close();
      }
    },

    async stats(pod, credentials, signal) {
      const session = new RuntimeSession(pod, credentials, signal);
      try {
        const text = await session.run([READ_MAP, 'show stat -1 2 -1', `show table ${SEGMENT_COUNTS}`, `show table ${LATENCIES}`]);
        const slots = new Map([...heldSlots(parseState(text))].map(([backend, slot]) => [slot, backend]));
        const latencies = cellsBySlot(parseTable(text, LATENCIES));
        const backends = parseStat(text).flatMap((row) => {
          const slot = row['pxname'] ?? '';
          const backend = slots.get(slot);
          return backend === undefined || row['svname'] !== 'BACKEND' ? [] : [{ backend, total: Number(row['req_tot'] ?? 0), errors: Number(row['hrsp_5xx'] ?? 0), latency: latencies.get(slot) ?? {} }];
        });
        return { backends, groups: parseTable(text, SEGMENT_COUNTS) };
      } finally {
        session.close();
      }
    },
  };
}

const pickMap = ({ map }: HaproxyState): Pick<HaproxyState, 'map'> => ({ map });
