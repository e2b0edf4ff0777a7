import type { ControlCredentials, RouterPod, Traffic, TrafficProvider } from '../../../controllers/routing/traffic-provider.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { askRouter } from '../control-connection.ts';
import type { ControlAnswer, ControlRequest, ControlState } from './control-server.ts';

/** Routers started by `startBuiltinRouter`. */
export function builtinProvider(clock: Clock): TrafficProvider {
  return {
    async tell(pod, credentials, traffic, signal) {
      const ask = (request: ControlRequest): Promise<ControlState> => askState(pod, credentials, request, signal);
      let state = await ask({ command: 'show' });
      const served = state.ready;
      const changed = !same(state.traffic, traffic);
      if (changed) {
        const moves = served && (state.traffic === undefined || !same(routesOf(state.traffic), routesOf(traffic)));
        state = await ask({ command: 'set', traffic, ...(moves ? { switchAt: clock.now() } : {}) });
        if (!same(state.traffic, traffic)) throw new Error(`Router ${pod.name} does not do as told`);
      }
      const observedAt = clock.now();
      if (!served) {
        const after = await ask({ command: 'ready' });
        if (!after.ready || !same(after.traffic, traffic)) throw new Error(`Router ${pod.name} restarted while it was told`);
      }
      return { changed: changed || !served, observedAt, ...(state.switchAt > 0 ? { lastSwitchAt: state.switchAt } : {}) };
    },

    async stats(pod, credentials, signal) {
      const answer = await askJson(pod, credentials, { command: 'stats' }, signal);
      return 'stats' in answer ? [...answer.stats] : [];
    },
  };
}

async function askState(pod: RouterPod, credentials: ControlCredentials, request: ControlRequest, signal: AbortSignal): Promise<ControlState> {
  const answer = await askJson(pod, credentials, request, signal);
  if ('state' in answer) return answer.state;
  throw new Error(`Router ${pod.name} refused: ${'error' in answer ? answer.error : 'no state'}`);
}

async function askJson(pod: RouterPod, credentials: ControlCredentials, request: ControlRequest, signal: AbortSignal): Promise<ControlAnswer> {
  return JSON.parse(Buffer.from(await askRouter(pod, credentials, `${JSON.stringify(request)}\n`, signal), 'latin1').toString()) as ControlAnswer;
}

const routesOf = ({ routes, production }: Traffic) => ({ routes, production });
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
