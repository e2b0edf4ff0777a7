import type { ControlCredentials, RouterPod } from '../../../controllers/routing/traffic-provider.ts';
import { type ControlSession, openSession } from '../control-connection.ts';

/** HAProxy takes a line of at most tune.bufsize (16 KiB). */
const LINE_LIMIT = 12_000;
/** Ends the answer to each command in interactive mode. */
const PROMPT = '\n> ';

/** A conversation with HAProxy's Runtime API. */
export class RuntimeSession {
  readonly #session: ControlSession;
  #interactive: Promise<unknown> | undefined;

  constructor(pod: RouterPod, credentials: ControlCredentials, signal: AbortSignal) {
    this.#session = openSession(pod, credentials, signal);
  }

  /** Answers of all the commands together, in their order. */
  async run(commands: readonly string[]): Promise<string> {
    await (this.#interactive ??= this.#session.ask('prompt\n', (answer) => answer.includes(PROMPT)));
    let text = '';
    for (const batch of batches(commands)) text += await this.#session.ask(`${batch.join(';')}\n`, (answer) => answer.split(PROMPT).length > batch.length);
    return text.replaceAll(PROMPT, '\n');
  }

  close(): void {
    this.#session.close();
  }
}

function batches(commands: readonly string[]): string[][] {
  const all: string[][] = [];
  let batch: string[] = [];
  let length = 0;
  for (const command of commands) {
    if (length + command.length + 1 > LINE_LIMIT) {
      all.push(batch);
      [batch, length] = [[], 0];
    }
    batch.push(command);
    length += command.length + 1;
  }
  return [...all, batch];
}
