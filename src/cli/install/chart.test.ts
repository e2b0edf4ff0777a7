import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chartFiles } from './chart.ts';

const chart = join(import.meta.dirname, '../../../charts/aweigh');

test('the chart has the kinds and roles of now: npm run generate:chart writes them', () => {
  const files = chartFiles();
  expect(readdirSync(join(chart, 'crds')).sort()).toEqual([...files.keys()].filter((f) => f.startsWith('crds/')).map((f) => f.slice('crds/'.length)).sort());
  for (const [path, text] of files) expect(readFileSync(join(chart, path), 'utf8'), path).toBe(text);
});
