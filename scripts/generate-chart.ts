/**
 * Writes what the Helm chart has in common with `aweigh install`: the kinds and the roles.
 * usage: npm run generate:chart      after a change of a kind or of src/api/access.ts
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartFiles } from '../src/cli/install/chart.ts';

const chart = join(import.meta.dirname, '../charts/aweigh');
mkdirSync(join(chart, 'crds'), { recursive: true });
for (const old of readdirSync(join(chart, 'crds'))) rmSync(join(chart, 'crds', old));
for (const [path, text] of chartFiles()) writeFileSync(join(chart, path), text);
