import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AWEIGH } from '../../e2e/command-line.ts';
import { NetworkNamespace } from '../../e2e/network-namespace.ts';
import type { Target } from './target.ts';

const images = 'registry.k8s.io/e2e-test-images';

/** What the tests' images are replaced with: the one program `agnhost`, built from Kubernetes's source, and this machine's shell. */
const substitutes: readonly { readonly tags: readonly string[]; readonly agnhost: boolean; readonly run: { readonly entrypoint?: readonly string[]; readonly cmd?: readonly string[] } }[] = [
  { tags: [`${images}/agnhost:2.59`, `${images}/agnhost:2.55`], agnhost: true, run: { entrypoint: ['/agnhost'], cmd: ['pause'] } },
  { tags: ['registry.k8s.io/pause:3.10.1'], agnhost: true, run: { entrypoint: ['/agnhost', 'pause'] } },
  { tags: [`${images}/nginx:1.14-4`, `${images}/nginx:1.15-4`], agnhost: true, run: { entrypoint: ['/agnhost', 'netexec', '--http-port=80', '--udp-port=-1'] } },
  { tags: [`${images}/busybox:1.37.0-1`, `${images}/busybox:1.36.1-1`], agnhost: false, run: { cmd: ['sh'] } },
];

/** `aweigh up` as it is built, in a network of its own, where each pod has a network namespace; with the images that tests run. Needs root.
 *  @param agnhost the program */
export async function startRunningCluster(folder: string, agnhost: string): Promise<Target> {
  const network = await NetworkNamespace.make(false);
  const data = join(folder, 'data');
  const aweigh = async (...args: string[]): Promise<void> => {
    const { code, out, err } = await network.run(AWEIGH[0], [AWEIGH[1], ...args, '--data', data]);
    if (code !== 0) throw new Error(`aweigh ${args.join(' ')}: ${err}${out}`);
  };
  const stop = async (): Promise<void> => {
    await aweigh('down').catch((e: unknown) => console.error(e instanceof Error ? e.message : e));
    network.stop();
  };
  try {
    for (const [i, { tags, agnhost: holds, run }] of substitutes.entries()) {
      const source = join(folder, 'images', String(i));
      mkdirSync(source, { recursive: true });
      writeFileSync(join(source, 'image.json'), JSON.stringify(run));
      if (holds) for (const name of ['agnhost', 'agnhost-2']) copyFileSync(agnhost, join(source, name));
      for (const tag of tags) await aweigh('image', 'build', source, '--tag', tag);
    }
    await aweigh('up', '--detach', '--pod-network', 'netns', '--pod-cidr', '10.244.0.0/16', '--service-cidr', '10.96.0.0/16', '--router', 'builtin');
  } catch (e) {
    await stop();
    throw e;
  }
  return { kubeconfig: join(data, 'kubeconfig'), words: (program, ...args) => network.words(program, ...args), stop };
}
