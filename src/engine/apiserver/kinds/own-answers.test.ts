import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mask } from '../../../../test/compatibility/answers/mask.ts';
import { replay, type Recorded } from '../../../../test/compatibility/answers/replay.ts';

test('creates recorded from Kubernetes 1.35.4 for every kind answer exactly', () => {
  const lines = readFileSync(join(import.meta.dirname, '../../../../test/compatibility/answers/own-answers.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Recorded);
  expect(replay(lines, mask)).toEqual([]);
});
