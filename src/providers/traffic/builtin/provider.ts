import type { Traffic, TrafficProvider } from '../../../controllers/routing/traffic-provider.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { ControlSession, OpenSession } from '../control-connection.ts';
import { ControlConnections } from '../control-connections.ts';
import type { ControlAnswer, ControlRequest, ControlState } from './control-server.ts';

/** Routers started by `startBuiltinRouter`. */
export function builtinProvider(clock: Clock, open?: OpenSession): TrafficProvider {
  const connections = new ControlConnections(clock, open);
  return {
    tell: (pod, credentials, traffic, signal, atSwitch) =>
      connections.run(pod, credentials, signal, async (session) => {
        const ask = async (request: ControlRequest): Promise<ControlState> => {
          const answer = await askJson(session, request);
          if ('state' in answer) return answer.state;
          throw new Error(`Router ${pod.name} refused: ${'error' in answer ? answer.error : 'no state'}`);
        };
        let state = await ask({ command: 'show' });
        const served = state.ready;
        const changed = !same(state.traffic, traffic);
        if (changed) {
          const moves = served && (state.traffic === undefined || !same(routesOf(state.traffic), routesOf(traffic)));
          if (moves) await atSwitch?.();
          state = await ask({ command: 'set', traffic, ...(moves ? { switchAt: clock.now() } : {}) });
          if (!same(state.traffic, traffic)) throw new Error(`Router ${pod.name} does not do as told`);
          if (served && !state.ready) throw new Error(`Router ${pod.name} restarted while it was told`);
        }
        const observedAt = clock.now();
        if (!served && !(await ask({ command: 'ready' })).ready) throw new Error(`Router ${pod.name} restarted while it was told`);
        return { changed: changed || !served, observedAt, ...(state.switchAt > 0 ? { lastSwitchAt: state.switchAt } : {}) };
      }),

    stats: (pod, credentials, signal) =>
      connections.run(pod, credentials, signal, async (session) => {
        const answer = await askJson(session, { command: 'stats' });
        if ('stats' in answer) return answer.stats;
        throw new Error(`Router ${pod.name} gave no numbers`);
      }),

    forget: (pod) => connections.forget(pod),
  };
}

async function askJson(session: ControlSession, request: ControlRequest): Promise<ControlAnswer> {
  const answer = await session.ask(`${JSON.stringify(request)}\n`, (text) => text.endsWith('\n'));
  return JSON.parse(Buffer.from(answer, 'latin1').toString()) as ControlAnswer;
}

const routesOf = ({ routes, production }: Traffic) => ({ routes, production });
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
