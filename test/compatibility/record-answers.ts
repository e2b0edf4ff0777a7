/**
 * Starts the real API server of the peers, sends it every mutation of the manifests as a dry-run create, and keeps what it answers.
 * usage: node test/compatibility/record-answers.ts OUT [--more ANSWERS] [--only TEXT] [--wider EVERY] [--rules]
 * --more takes the manifests that another recording was made of as well; --wider takes one in so many of the wider mutations instead,
 * --rules definitions with rules.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ask, casesOf, manifests, widerCasesOf, type Manifest } from './answers/cases.ts';
import { ruleCases } from './answers/rules.ts';
import type { Recorded } from './answers/replay.ts';
import { realServer } from './answers/servers.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { more: { type: 'string', multiple: true, default: [] }, only: { type: 'string', default: '' }, wider: { type: 'string' }, rules: { type: 'boolean', default: false } } });
const [out = ''] = positionals;
const CONNECTIONS = 16;

const more = values.more.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Recorded));
const from = [...manifests(), ...more.filter((recorded) => recorded.what === 'as written').map((recorded) => recorded.body as Manifest)];
const cases = values.rules ? ruleCases() : values.wider === undefined ? casesOf(from, values.only) : widerCasesOf(from, Number(values.wider), values.only);
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
await server.stop();
writeFileSync(out, answers.map((line) => `${JSON.stringify(line)}\n`).join(''));
console.log(`${answers.length} answers`);
