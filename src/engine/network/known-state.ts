import { mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EndpointSlice, Service } from '../../kubernetes/types.generated.ts';

/** All that the proxy and the DNS answer from. */
export interface KnownState {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

/** The last known state on disk: what a network process serves when it starts while the API is away. */
export interface StateFile {
  /** Undefined when there is none yet, or it cannot be read. */
  read(): KnownState | undefined;
  /** Writes soon; several calls in a row write once. */
  save(state: KnownState): void;
  flush(): Promise<void>;
}

/** @param directory made when it is not there */
export function stateFile(directory: string): StateFile {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'network.json');
  let pending: KnownState | undefined;
  let writing = Promise.resolve();
  const write = async () => {
    const state = pending;
    if (state === undefined) return;
    pending = undefined;
    // Renamed into place, so that a kill in the middle leaves the old file whole.
    const fresh = `${path}.${process.pid}`;
    await writeFile(fresh, JSON.stringify(state), { mode: 0o600 });
    await rename(fresh, path);
  };
  return {
    read() {
      try {
        return JSON.parse(readFileSync(path, 'utf8')) as KnownState;
      } catch {
        return undefined;
      }
    },
    save(state) {
      const queued = pending !== undefined;
      pending = state;
      if (!queued) writing = writing.then(write, write);
    },
    flush: () => writing.then(write, write),
  };
}
