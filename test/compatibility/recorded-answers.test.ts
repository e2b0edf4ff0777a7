import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mask } from './answers/mask.ts';
import { replay, type Recorded } from './answers/replay.ts';
import { compare, samplesOf } from './answers/samples.ts';
import { ourServer, type AskedServer } from './answers/servers.ts';

const here = join(import.meta.dirname, 'answers');
const facts = process.env['KUBERNETES_FACTS'] ?? join(import.meta.dirname, '../../../shared/kubernetes');
const hasFacts = existsSync(join(facts, 'answers.jsonl'));
if (!hasFacts) console.warn('Kubernetes\'s recorded answers are not there: set KUBERNETES_FACTS to the folder that holds answers.jsonl. Only those of this repository are compared.');

const read = (file: string): Recorded[] => readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Recorded);
/** Differences by a pattern of their names, with their reasons. */
const known = (JSON.parse(readFileSync(join(here, 'known-differences.json'), 'utf8')) as { cases: string; reason: string }[]).map(({ cases }) => new RegExp(cases));
const isKnown = ({ name }: { name: string }): boolean => known.some((pattern) => pattern.test(name));

let server: AskedServer;
beforeAll(async () => { server = await ourServer(); });
afterAll(() => server.stop());

test('creates recorded from Kubernetes 1.35.4 for every kind answer exactly', async () => {
  expect(await replay(read(join(here, 'own-answers.jsonl')), server.send, mask)).toEqual([]);
});

test.skipIf(!hasFacts)('built-in kinds answer as Kubernetes does, but for the differences listed by name', async () => {
  const masks = (await import(pathToFileURL(join(facts, 'mask.mjs')).href)) as { mask: (o: unknown) => unknown };
  const differences = await replay(read(join(facts, 'answers.jsonl')), server.send, masks.mask);
  expect(differences.filter((difference) => !isKnown(difference))).toEqual([]);
});

/** Taken here and refused by Kubernetes. */
const lenient = ['"self.name.reverse()', '"self.names.sum() == '];

test('definitions with rules that Kubernetes took or refused are taken or refused for the same fields', async () => {
  const differences = await replay(read(join(here, 'rule-answers.jsonl')), server.send, mask);
  expect(differences.filter(({ name }) => !lenient.some((text) => name.includes(text)))).toEqual([]);
});

test.for([['creates', 0.995], ['updates', 0.995]] as const)('a sample of wider %s recorded from Kubernetes 1.35.4 answers so, but for the differences listed by name', async ([name, bound]) => {
  const differences = await compare(name, server.send);
  expect(differences.filter((difference) => !isKnown(difference))).toEqual([]);
  expect(1 - differences.length / samplesOf(name).length).toBeGreaterThan(bound);
});
