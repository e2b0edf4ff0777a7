import type { ControlSession } from '../control-connection.ts';

/** HAProxy takes a line of at most tune.bufsize (16 KiB). */
const LINE_LIMIT = 12_000;
/** Ends the answer to each command in interactive mode. */
const PROMPT = '\n> ';

const interactive = new WeakSet<ControlSession>();

/** Answers of HAProxy's Runtime API to all the commands together, in their order. */
export async function runCommands(session: ControlSession, commands: readonly string[]): Promise<string> {
  if (!interactive.has(session)) {
    await session.ask('prompt\n', (answer) => answer.includes(PROMPT));
    interactive.add(session);
  }
  let text = '';
  for (const batch of batches(commands)) text += await session.ask(`${batch.join(';')}\n`, (answer) => answer.endsWith(PROMPT) && answer.split(PROMPT).length > batch.length);
  return text.replaceAll(PROMPT, '\n');
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
