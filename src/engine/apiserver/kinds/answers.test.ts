import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { replay, type Recorded } from '../../../../test/compatibility/answers/replay.ts';

const folder = process.env['KUBERNETES_FACTS'] ?? [join(import.meta.dirname, '../../../../../shared/kubernetes'), join(import.meta.dirname, '../../../../../../shared/kubernetes')].find((path) => existsSync(path)) ?? '';
const present = existsSync(join(folder, 'answers.jsonl'));
if (!present) console.warn('Kubernetes\'s recorded answers are not there: set KUBERNETES_FACTS to the folder that holds answers.jsonl. Nothing is compared with them.');

const known = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../test/compatibility/answers/known-differences.json'), 'utf8')) as { case: string; reason: string }[];

test.skipIf(!present)('built-in kinds answer as Kubernetes does, but for the differences listed by name', async () => {
  const { mask } = (await import(pathToFileURL(join(folder, 'mask.mjs')).href)) as { mask: (o: unknown) => unknown };
  const lines = readFileSync(join(folder, 'answers.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Recorded);
  const differences = replay(lines, mask);
  if (process.env['SHOW'] !== undefined) {
    const shown = differences.filter((d) => d.name.includes(process.env['SHOW'] ?? ''));
    for (const d of shown.slice(0, Number(process.env['COUNT'] ?? 15))) console.log(`${d.name}\n  want ${d.want}\n  got  ${d.got}`);
    console.log(`${lines.length - differences.length} of ${lines.length} exact`);
  }
  const listed = new Set(known.map((difference) => difference.case));
  expect(differences.map((d) => d.name).filter((name) => !listed.has(name))).toEqual([]);
  expect((lines.length - differences.length) / lines.length).toBeGreaterThanOrEqual(0.99);
});
