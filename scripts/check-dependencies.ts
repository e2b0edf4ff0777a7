import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult } from 'dependency-cruiser';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const { forbidden, options } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');

async function check(folder: string): Promise<ICruiseResult> {
  const { output } = await cruise([folder], { ...options, ruleSet: { forbidden }, validate: true });
  if (typeof output === 'string') throw new Error('The dependency check gave text instead of a result: give it no outputType');
  return output;
}

// A checker that parses nothing passes everything: the known-bad fixture proves that it sees.
const expected = ['no-sibling-controller', 'controllers-know-no-implementation', 'engine-knows-no-controllers', 'metrics-knows-no-controllers', 'api-below-all'];
const bad = await check('test/fixtures/forbidden-dependencies/src');
const caught = new Set(bad.summary.violations.map((v) => v.rule.name));
const missed = expected.filter((rule) => !caught.has(rule));
const good = await check('src');

for (const { rule, from, to } of good.summary.violations) console.error(`${rule.name}: ${from} imports ${to}`);
for (const rule of missed) console.error(`The fixture breaks ${rule} and the check did not see it`);
const failed = good.summary.violations.length + missed.length;
console.log(`${good.summary.totalCruised} modules, ${good.summary.totalDependenciesCruised ?? 0} dependencies, ${failed === 0 ? 'all point one way' : `${failed} wrong`}`);
process.exitCode = failed === 0 ? 0 : 1;
