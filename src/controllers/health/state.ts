import { gunzipSync, gzipSync } from 'node:zlib';
import type { Notification } from '../../api/notification/notification.ts';
import type { Client } from '../../client/client.ts';
import { ConfigMaps, Namespaces } from '../../client/kinds.ts';
import { isAlreadyExists, isNotFound } from '../../client/status-error.ts';
import type { ConfigMap } from '../../kubernetes/types.generated.ts';
import { fieldManagers } from '../../runtime/field-managers.ts';
import type { Alert } from './alerts.ts';
import { HEALTH_NAMESPACE } from './observe.ts';

/** All that health remembers. One write changes all of it, so that what is told and what is to be said never disagree. */
export interface HealthState {
  readonly alerts: readonly Alert[];
  /** Decided messages whose Notifications may not be there yet. */
  readonly outbox: readonly Notification[];
  readonly lastFiringAt: Readonly<Record<string, number>>;
  readonly sequence: number;
}

export const HEALTH_STATE = { namespace: HEALTH_NAMESPACE, name: 'aweigh-health' } as const;
const EMPTY: HealthState = { alerts: [], outbox: [], lastFiringAt: {}, sequence: 0 };
const FIELD = 'state.json';
/** A ConfigMap holds 1 MiB; many thousand alerts fit where they are packed. */
const PACKED_FROM_BYTES = 256 * 1024;

/** @throws {SyntaxError} where somebody wrote something else into it */
export function readState(stored: ConfigMap | undefined): HealthState {
  const packed = stored?.binaryData?.[`${FIELD}.gz`];
  const text = packed === undefined ? stored?.data?.[FIELD] : gunzipSync(Buffer.from(packed, 'base64')).toString();
  return text === undefined ? EMPTY : { ...EMPTY, ...(JSON.parse(text) as HealthState) };
}

/** Reads and writes the state; a write fails where another leader wrote meanwhile. */
export class StateStore {
  readonly #client: Client;
  #stored: ConfigMap | undefined;
  /** It was looked for, and is not there: the first write makes it. */
  #absent = false;
  #text: string | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  async read(): Promise<HealthState> {
    if (this.#stored === undefined && !this.#absent) {
      try {
        this.#stored = await this.#client.get(ConfigMaps, HEALTH_STATE);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        this.#absent = true;
      }
    }
    const state = readState(this.#stored);
    this.#text = JSON.stringify(state);
    return state;
  }

  /** Writes only what differs. @throws {StatusError} reason `Conflict` where another wrote meanwhile: read again */
  async write(state: HealthState): Promise<void> {
    const text = JSON.stringify(state);
    if (text === this.#text) return;
    const content = text.length < PACKED_FROM_BYTES ? { data: { [FIELD]: text } } : { binaryData: { [`${FIELD}.gz`]: gzipSync(text).toString('base64') } };
    const metadata = { ...HEALTH_STATE, ...(this.#stored?.metadata?.resourceVersion && { resourceVersion: this.#stored.metadata.resourceVersion }) };
    const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...content };
    try {
      this.#stored = this.#stored === undefined ? await this.#create(object) : await this.#client.update(ConfigMaps, object, { fieldManager: fieldManagers.health });
      this.#text = text;
    } catch (error) {
      // It may be written all the same: only the API knows.
      this.#stored = undefined;
      this.#absent = false;
      throw error;
    }
  }

  async #create(object: ConfigMap): Promise<ConfigMap> {
    try {
      return await this.#client.create(ConfigMaps, object, { fieldManager: fieldManagers.health });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await this.#client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: HEALTH_NAMESPACE } }).catch((e: unknown) => { if (!isAlreadyExists(e)) throw e; });
      return this.#client.create(ConfigMaps, object, { fieldManager: fieldManagers.health });
    }
  }
}
