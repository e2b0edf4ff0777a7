/**
 * Starts the real API server of the peers, sends it every mutation of the manifests as a dry-run create, and keeps what it answers.
 * usage: node test/compatibility/record-answers.ts OUT [--more ANSWERS] [--only TEXT] [--rules]
 *        node test/compatibility/record-answers.ts --samples   (writes the samples of wider creates and updates)
 * --more takes the manifests that another recording was made of as well; --rules takes definitions with rules instead.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ask, casesOf, manifests, type Manifest } from './answers/cases.ts';
import { ruleCases } from './answers/rules.ts';
import type { Recorded } from './answers/replay.ts';
import { askCreates, askUpdates, sampleFile, sampleFor, type Sample } from './answers/samples.ts';
import { realServer } from './answers/servers.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { more: { type: 'string', multiple: true, default: [] }, only: { type: 'string', default: '' }, samples: { type: 'boolean', default: false }, rules: { type: 'boolean', default: false } } });
const [out = ''] = positionals;
const CONNECTIONS = 16;
/** Answers that repeat what was large in the request are not kept. */
const LONGEST = 1_000;

const more = values.more.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Recorded));
const from = [...manifests(), ...more.filter((recorded) => recorded.what === 'as written').map((recorded) => recorded.body as Manifest)];
const cases = values.samples ? [] : values.rules ? ruleCases() : casesOf(from, values.only);
const answers: Recorded[] = [];
const server = await realServer();
let next = 0;
await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
  for (let i = next++; i < cases.length; i = next++) {
    const one = cases[i]!;
    // Kubernetes ends the connection without an answer where a request makes it panic; such a case says nothing.
    try { answers.push({ ...one, answer: await ask(one, server.send) }); } catch (error) { console.log(`no answer to ${one.path}: ${one.what}: ${String(error)}`); }
  }
}));
if (values.samples) {
  for (const [name, all] of [['creates', askCreates], ['updates', askUpdates]] as const) {
    const lines: Sample[] = [];
    await all(server.send, (of, what, answer, base) => { if (answer.code < 500) lines.push(sampleFor(of, what, answer, base)); });
    lines.sort((a, b) => a.of - b.of || (a.what < b.what ? -1 : 1));
    writeFileSync(sampleFile(name), lines.map((line) => `${JSON.stringify(line)}\n`).filter((line) => line.length < LONGEST).join(''));
    console.log(`${lines.length} ${name}`);
  }
}
await server.stop();
if (out !== '') writeFileSync(out, answers.map((line) => `${JSON.stringify(line)}\n`).join(''));
console.log(`${answers.length} answers`);
