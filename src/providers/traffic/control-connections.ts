import type { ControlCredentials, RouterPod } from '../../controllers/routing/traffic-provider.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type ControlSession, type OpenSession, openSession } from './control-connection.ts';

/** Shorter than either kind of router waits for a command. */
const IDLE_MS = 30_000;
const KEPT = 512;

/** The other end is not the router that serves any more: another connection reaches the one that does. */
export class StaleSessionError extends Error {
  override readonly name = 'StaleSessionError';
}

/**
 * Connections to routers, kept for a while after use: most of what a switch takes is the handshake of TLS.
 * A router that stops must be forgotten, since it waits for open connections.
 */
export class ControlConnections {
  readonly #clock: Clock;
  readonly #open: OpenSession;
  readonly #idle = new Map<string, { readonly session: ControlSession; readonly cancel: () => void }>();
  /** Who hears that a connection has ended by itself; those whose end is watched already. */
  readonly #lost = new WeakMap<ControlSession, RouterPod['lost']>();

  constructor(clock: Clock, open: OpenSession = openSession) {
    this.#clock = clock;
    this.#open = open;
  }

  /** Runs one conversation. Where a kept connection turns out to be gone before it answered anything, or stale, it is run again on a new one. */
  async run<T>(pod: RouterPod, credentials: ControlCredentials, signal: AbortSignal, talk: (session: ControlSession, kept: boolean) => Promise<T>): Promise<T> {
    const id = `${pod.address} ${credentials.certificate}`;
    const kept = this.#take(id);
    if (kept !== undefined) {
      try {
        return await this.#talk(id, pod, kept, signal, (session) => talk(session, true));
      } catch (error) {
        if (signal.aborted || (kept.answered() && !(error instanceof StaleSessionError))) throw error;
      }
    }
    return this.#talk(id, pod, this.#open(pod, credentials), signal, (session) => talk(session, false));
  }

  /** Closes what is kept for a pod. */
  forget(pod: RouterPod): void {
    for (const id of this.#idle.keys()) if (id.startsWith(`${pod.address} `)) this.#take(id)?.close();
  }

  async #talk<T>(id: string, pod: RouterPod, session: ControlSession, signal: AbortSignal, talk: (session: ControlSession) => Promise<T>): Promise<T> {
    const release = session.begin(signal);
    try {
      const result = await talk(session);
      release();
      if (pod.leaving) session.close();
      else this.#keep(id, pod, session);
      return result;
    } catch (error) {
      release();
      session.close();
      throw error;
    }
  }

  #take(id: string): ControlSession | undefined {
    const entry = this.#idle.get(id);
    entry?.cancel();
    this.#idle.delete(id);
    return entry?.session;
  }

  #keep(id: string, pod: RouterPod, session: ControlSession): void {
    this.#take(id)?.close();
    const oldest = this.#idle.size < KEPT ? undefined : this.#idle.keys().next().value;
    if (oldest !== undefined) this.#take(oldest)?.close();
    this.#idle.set(id, { session, cancel: this.#clock.after(IDLE_MS, () => this.#take(id)?.close()) });
    this.#listen(id, pod, session);
  }

  #listen(id: string, { lost }: RouterPod, session: ControlSession): void {
    const watched = this.#lost.has(session);
    this.#lost.set(session, lost ?? this.#lost.get(session));
    if (watched) return;
    session.onClosed(() => {
      // In a conversation whoever has it hears of it, and what this object closes it has taken before.
      if (this.#idle.get(id)?.session !== session) return;
      this.#take(id);
      this.#lost.get(session)?.();
    });
  }
}
