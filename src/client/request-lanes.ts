/** Which request goes first where several wait. Absent: after what is urgent, before what is of no consequence to anybody's users. */
export type RequestPriority = 'urgent' | 'background';

/** Requests of a lane on their way at the same time; `besideUrgent`: while something urgent is on its way, since then the server is left to it. */
const LIMITS = {
  urgent: { most: 16, besideUrgent: 16 },
  ordinary: { most: 16, besideUrgent: 2 },
  background: { most: 4, besideUrgent: 1 },
} as const;

interface Waiting {
  readonly start: () => void;
}

/** Lets requests go in order of their priority, then of their coming; no lane stands still while others move. */
export class RequestLanes {
  readonly #lanes = { urgent: new Lane(LIMITS.urgent), ordinary: new Lane(LIMITS.ordinary), background: new Lane(LIMITS.background) };

  /** Resolves when the request may go, to what ends it; rejects when `signal` aborts before. */
  enter(priority: RequestPriority | undefined, signal?: AbortSignal): Promise<() => void> {
    const lane = this.#lanes[priority ?? 'ordinary'];
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        lane.waiting.delete(waiting);
        reject(signal?.reason instanceof Error ? signal.reason : new Error('The request was given up before it was sent'));
      };
      const waiting: Waiting = {
        start: () => {
          signal?.removeEventListener('abort', aborted);
          lane.running++;
          let running = true;
          resolve(() => {
            if (!running) return;
            running = false;
            lane.running--;
            this.#start();
          });
        },
      };
      if (signal?.aborted === true) return aborted();
      signal?.addEventListener('abort', aborted, { once: true });
      lane.waiting.add(waiting);
      this.#start();
    });
  }

  #start(): void {
    const { urgent, ordinary, background } = this.#lanes;
    for (const lane of [urgent, ordinary, background]) while (lane.next(urgent.running > 0));
  }
}

class Lane {
  readonly waiting = new Set<Waiting>();
  readonly #limits: { readonly most: number; readonly besideUrgent: number };
  running = 0;

  constructor(limits: { readonly most: number; readonly besideUrgent: number }) {
    this.#limits = limits;
  }

  /** False: none waits, or none may go. */
  next(besideUrgent: boolean): boolean {
    const [first] = this.waiting;
    if (first === undefined || this.running >= (besideUrgent ? this.#limits.besideUrgent : this.#limits.most)) return false;
    this.waiting.delete(first);
    first.start();
    return true;
  }
}
