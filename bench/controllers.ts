/**
 * Aweigh's own controllers on Aweigh's API server, with simulated pods and routers and a real git repository as the record.
 * usage: npm run bench:controllers [-- --applications 500 --parts changes,aborts,metrics,idle,restart,releases --idle-seconds 30 --releases 200 --release-minutes 10 --profile DIR]
 * Applications are installed first, whatever the parts: about 0.2 s each on two quiet cores. `--applications 1000` is the larger size.
 * The long run of releases is `--parts releases --releases 10000 --release-minutes 600`; it ends at whichever comes first.
 * Writes bench/CONTROLLERS.md anew after each figure, with what this run has measured so far; with --profile a CPU profile of the controllers instead.
 */
import { parseArgs } from 'node:util';
import { PARTS, type Sizes } from './controllers/parts.ts';
import { Stage } from './controllers/stage.ts';
import { Table } from './controllers/table.ts';

const { values } = parseArgs({ options: {
  applications: { type: 'string', default: '500' }, parts: { type: 'string', default: Object.keys(PARTS).join() }, 'idle-seconds': { type: 'string', default: '30' },
  releases: { type: 'string', default: '200' }, 'release-minutes': { type: 'string', default: '10' }, profile: { type: 'string' },
} });
const count = Number(values.applications);
const alone = Math.min(20, Math.floor(count / 2)), together = Math.min(100, count - alone);
const sizes: Sizes = {
  count, alone, together, aborts: Math.min(30, together), idleSeconds: Number(values['idle-seconds']),
  releases: Number(values.releases), releaseMs: Number(values['release-minutes']) * 60_000,
};
const unknown = values.parts.split(',').filter((part) => !(part in PARTS));
if (!(count >= 2) || unknown.length > 0) {
  console.error(unknown.length > 0 ? `No part is named ${unknown.join(' or ')}: there are ${Object.keys(PARTS).join(', ')}` : `--applications is at least 2, not ${values.applications}`);
  process.exit(2);
}

const table = new Table(count, values.profile === undefined);
const stage = await Stage.open(values.profile);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stage.close().finally(() => process.exit(1)));
try {
  const from = performance.now();
  await stage.installation.install(Array.from({ length: count }, (_, i) => `app-${i}`));
  console.log(`${count} Applications serve their first build after ${((performance.now() - from) / 1000).toFixed(1)} s`);
  for (const [part, measure] of Object.entries(PARTS)) {
    if (values.parts.split(',').includes(part)) await measure(stage, sizes, table);
  }
} finally {
  await stage.close();
}
