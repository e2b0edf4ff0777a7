import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';

/** Below node_modules, so that packages are found from there. */
const OUT = join(import.meta.dirname, '../../node_modules/.cache/aweigh-bench');

/** A program of this folder as it would be shipped: Node keeps some 30 MB in a process that it has read TypeScript in.
 *  @returns its file */
export async function bundled(file: string): Promise<string> {
  const name = basename(file, '.ts');
  await build({
    entryPoints: { [name]: join(import.meta.dirname, file) }, outdir: OUT, bundle: true, packages: 'external', format: 'esm', platform: 'node', target: 'node22', sourcemap: 'linked', sourcesContent: false, logLevel: 'warning',
    plugins: [{ name: 'data-stays', setup: (b) => b.onResolve({ filter: /\.json$/ }, ({ path, resolveDir }) => ({ path: resolve(resolveDir, path), external: true })) }],
  });
  return join(OUT, `${name}.js`);
}
