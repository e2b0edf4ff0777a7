import type { TrafficProvider } from '../../../controllers/routing/traffic-provider.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { ControlSession, OpenSession } from '../control-connection.ts';
import { ControlConnections, StaleSessionError } from '../control-connections.ts';
import { cellsBySlot } from '../latency-cells.ts';
import { LATENCIES, SEGMENT_COUNTS } from './config.ts';
import { heldSlots, planCommands, setMap, slotsOfInterest } from './plan.ts';
import { runCommands } from './runtime-session.ts';
import { type HaproxyState, parseStat, parseState, parseTable, READ_MAP, readServers } from './runtime-state.ts';

const MAX_PASSES = 8;

/** Routers that are HAProxy 2.6 or later with the config of `haproxyConfig`. */
export function haproxyProvider(clock: Clock, open?: OpenSession): TrafficProvider {
  const connections = new ControlConnections(clock, open);
  return {
    tell: (pod, credentials, traffic, signal, atSwitch) =>
      connections.run(pod, credentials, signal, async (session, kept) => {
        const { map } = parseState(await readCurrent(session, kept, [READ_MAP]));
        // Most slots are free: what nobody uses or needs is not read.
        const read = [READ_MAP, ...slotsOfInterest(traffic, { map }).map(readServers)];
        let state = parseState(await runCommands(session, read));
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
          if (plan.before.length > 0) state = parseState(await runCommands(session, [...plan.before, ...read]));
          else if (plan.moves.length > 0) {
            if (served) await atSwitch?.();
            const marks = served ? [setMap('switch', String(clock.now()))] : [];
            state = { ...state, ...pickMap(parseState(await runCommands(session, [...plan.moves, ...marks, READ_MAP]))) };
            observedAt = clock.now();
          } else state = parseState(await runCommands(session, [...plan.after, ...read]));
          // A process that was replaced meanwhile is not ready any more.
          if (served && state.map.get('ready') !== '1') throw new Error(`Router ${pod.name} restarted while it was told`);
        }
        observedAt ??= clock.now();
        if (!served) {
          const told = parseState(await runCommands(session, [setMap('ready', '1'), READ_MAP]));
          if (told.map.get('ready') !== '1') throw new Error(`Router ${pod.name} restarted while it was told`);
        }
        const lastSwitchAt = Number(state.map.get('switch') ?? 0);
        return { changed: changed || !served, observedAt, ...(lastSwitchAt > 0 ? { lastSwitchAt } : {}) };
      }),

    stats: (pod, credentials, signal) =>
      connections.run(pod, credentials, signal, async (session, kept) => {
        const text = await readCurrent(session, kept, [READ_MAP, 'show stat -1 2 -1', `show table ${SEGMENT_COUNTS}`, `show table ${LATENCIES}`]);
        const slots = new Map([...heldSlots(parseState(text))].map(([backend, slot]) => [slot, backend]));
        const latencies = cellsBySlot(parseTable(text, LATENCIES));
        const backends = parseStat(text).flatMap((row) => {
          const slot = row['pxname'] ?? '';
          const backend = slots.get(slot);
          return backend === undefined || row['svname'] !== 'BACKEND' ? [] : [{ backend, total: Number(row['req_tot'] ?? 0), errors: Number(row['hrsp_5xx'] ?? 0), latency: latencies.get(slot) ?? {} }];
        });
        return { backends, groups: parseTable(text, SEGMENT_COUNTS) };
      }),

    forget: (pod) => connections.forget(pod),
  };
}

/** A kept connection may lead to a process that was reloaded and only finishes what it has. @throws {StaleSessionError} */
async function readCurrent(session: ControlSession, kept: boolean, commands: readonly string[]): Promise<string> {
  const text = await runCommands(session, kept ? ['show info', ...commands] : commands);
  if (/^Stopping: 1$/m.test(text)) throw new StaleSessionError('This HAProxy process stops');
  return text;
}

const pickMap = ({ map }: HaproxyState): Pick<HaproxyState, 'map'> => ({ map });
