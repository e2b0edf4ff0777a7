import { test } from 'vitest';
import { ModelInstallation } from './model-installation.ts';

/** Steps of the whole run; `npm run soak` asks for more. */
const STEPS = Math.floor(Number(process.env['AWEIGH_MODEL_STEPS'] ?? 6_000) / 3);
const STEPS_A_LIFE = 400;

test(`groups and the bound on releases in motion hold at each of ${STEPS} steps of several Applications`, { timeout: 3_600_000 }, () => {
  for (let life = 0; life * STEPS_A_LIFE < STEPS; life++) {
    try {
      const one = new ModelInstallation(life + 1);
      for (let i = 0; i < STEPS_A_LIFE; i++) one.step();
      one.end();
    } catch (error) {
      throw new Error(`Seed ${life + 1}`, { cause: error });
    }
  }
});
