import type { Exit, Runtime, RuntimeContainer } from './runtime.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { AddressPool } from './address-pool.ts';

interface Simulated extends RuntimeContainer {
  exit?: Exit;
  end(exitCode: number): void;
}

/** Starts nothing: containers run until they are told to stop, and any image exists. For scale. */
export function simulatedRuntime(options: { readonly podCidr: string; readonly hostIp: string; readonly folder: string; readonly clock: Clock }): Runtime {
  const { clock } = options;
  const addresses = new AddressPool(options.podCidr);
  const pods = new Map<string, { readonly ip: string; readonly containers: Simulated[] }>();
  return {
    name: 'simulated',
    runsPrograms: false,
    recover: () => Promise.resolve([]),
    placePod({ uid }) {
      let pod = pods.get(uid);
      if (pod === undefined) pods.set(uid, (pod = { ip: addresses.take(), containers: [] }));
      return Promise.resolve({ podIp: pod.ip, hostIp: options.hostIp, folder: options.folder });
    },
    image: (reference) => Promise.resolve({ digest: reference, run: {} }),
    start({ pod, name, attempt, image }) {
      const ended = Promise.withResolvers<Exit>();
      const container: Simulated = {
        id: `${pod.uid}/${name}/${attempt}`,
        name,
        attempt,
        startedAtMs: clock.now(),
        imageDigest: image.digest,
        ended: ended.promise,
        end(exitCode) {
          container.exit ??= { exitCode, finishedAtMs: clock.now() };
          ended.resolve(container.exit);
        },
      };
      pods.get(pod.uid)?.containers.push(container);
      return Promise.resolve(container);
    },
    signal: (container) => (container as Simulated).end(0),
    exec: () => Promise.resolve({ exitCode: 0, output: '' }),
    open: () => ({ failed: 'nothing runs in a simulated pod' }),
    removePod(uid) {
      const pod = pods.get(uid);
      if (pod === undefined) return Promise.resolve();
      for (const container of pod.containers) container.end(137);
      addresses.free(pod.ip);
      pods.delete(uid);
      return Promise.resolve();
    },
    usage: () => ({ cpuSeconds: 0, memoryBytes: 0 }),
    ownMemoryBytes: () => 0,
    rest: () => Promise.resolve(),
  };
}
