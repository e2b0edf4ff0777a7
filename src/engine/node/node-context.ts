import type { Client } from '../../client/client.ts';
import type { ConfigMap, Pod, Secret, Service } from '../../kubernetes/types.generated.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import type { Informer } from '../../runtime/informer.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Gate } from './gate.ts';
import type { Runtime } from './runtime/runtime.ts';

/** What every pod's worker is handed. */
export interface NodeContext {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly configMaps: Informer<ConfigMap>;
  readonly secrets: Informer<Secret>;
  readonly services: Informer<Service>;
  /** Given to every container, such as where DNS answers. */
  readonly baseEnv: ReadonlyMap<string, string>;
  /** A pod's own resolv.conf; undefined: the machine's. */
  readonly resolvConf: (pod: Pod) => string | undefined;
  /** A pod's own hosts file; undefined: the machine's. */
  readonly hosts: (pod: Pod, podIp: string) => string | undefined;
  /** The longest wait of a container that ended for its next start; absent: five minutes. */
  readonly maxRestartDelayMs?: number;
  /** All status writes pass it, so that a thousand pods at once do not flood the API. */
  readonly writes: Gate;
  /** Ends all watching and writing; containers go on. */
  readonly signal: AbortSignal;
}
