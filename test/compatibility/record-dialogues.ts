/**
 * Plays the dialogues to a real API server and keeps its answers.
 * usage: NODE_TLS_REJECT_UNAUTHORIZED=0 node test/compatibility/record-dialogues.ts SERVER TOKEN   (a fresh server: names are fixed)
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileOf, play, type RecordedStep } from './dialogue.ts';
import { dialogues } from './dialogues.ts';

const [server = '', token = ''] = process.argv.slice(2);
for (const { name, steps } of dialogues) {
  const lines: string[] = [];
  for (const [index, step] of steps.entries()) {
    let answer = await play(step, server, token);
    for (let tries = 0; step.method === 'GET' && answer.code === 404 && tries < 50; tries += 1) {
      await setTimeout(100);
      answer = await play(step, server, token);
    }
    lines.push(JSON.stringify({ dialogue: name, step: index, answer } satisfies RecordedStep));
    console.log(name, step.method, step.path, answer.code, answer.reason ?? '');
  }
  writeFileSync(join(import.meta.dirname, 'dialogues', fileOf(name)), `${lines.join('\n')}\n`);
}
