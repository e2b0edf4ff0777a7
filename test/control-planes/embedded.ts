import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aweigh, succeeded } from '../e2e/command-line.ts';
import type { ClusterOptions, ClusterProcess, ControlPlane } from './control-plane.ts';
import { packControllersImage } from './installation.ts';

/** `aweigh up`. */
export class EmbeddedControlPlane implements ControlPlane {
  readonly controllers = 'control-plane';
  readonly #data: string;
  readonly #options: ClusterOptions;

  constructor(data: string, options: ClusterOptions) {
    this.#data = data;
    this.#options = options;
  }

  async up(): Promise<void> {
    const { router, bare, faults, flags = [] } = this.#options;
    const chosen = [...(router === undefined ? [] : ['--router', router]), ...(bare === true ? ['--controllers', 'kubernetes'] : []), ...flags];
    await succeeded(aweigh(['up', '--detach', '--data', this.#data, ...chosen], faults === undefined ? {} : { env: { AWEIGH_FAULTS: faults } }));
    if (bare === true) await packControllersImage(this.#data);
  }

  async down(): Promise<void> {
    await succeeded(aweigh(['down', '--data', this.#data]));
  }

  pid(of: ClusterProcess): Promise<number> {
    return Promise.resolve(supervised(this.#data, of === 'controllers' ? 'control-plane' : of));
  }

  async record(): Promise<string> {
    return (await succeeded(aweigh(['record', 'path', '--data', this.#data]))).out.trim();
  }
}

/** The pid of a part, as its supervisor keeps it. */
export const supervised = (data: string, part: string): number => (JSON.parse(readFileSync(join(data, 'run', `${part}.json`), 'utf8')) as { pid: number }).pid;
