import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import manifest from '../package.json' with { type: 'json' };
import { bundledLicenses } from './bundled-licenses.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = `${root}dist`;
/** What a cluster's parts load when they start, in a third of the time that hundreds of files take. reflect-metadata stays outside: it has to come before
 *  what asks for it, which only an import of another file promises. */
const BUNDLED = new Set(['@marcbachmann/cel-js', '@peculiar/x509', 'commander', 'pino', 'yaml']);

rmSync(out, { recursive: true, force: true });

await build({
  absWorkingDir: root,
  // Built alone and for an old Node: it is what tells the user of one what to do.
  entryPoints: { 'bin/aweigh': 'src/bin/aweigh.ts' },
  outdir: out,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node18',
  logLevel: 'warning',
  plugins: [
    {
      name: 'main-beside',
      setup: (b) => b.onResolve({ filter: /\/cli\/main\.ts$/ }, () => ({ path: '../main.js', external: true })),
    },
  ],
});

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: out,
  bundle: true,
  splitting: true,
  external: Object.keys(manifest.dependencies).filter((name) => !BUNDLED.has(name)),
  // The form of a package that can be left out in part.
  mainFields: ['module', 'main'],
  // Older packages call require for what belongs to Node.js.
  banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  plugins: [
    {
      // Node parses JSON faster than the same data as code.
      name: 'data-beside',
      setup: (b) => b.onResolve({ filter: /\.json$/ }, ({ path, resolveDir }) => ({ path: `./${relative(`${root}src`, resolve(resolveDir, path))}`, external: true })),
    },
  ],
});

writeFileSync(`${out}/LICENSES.txt`, bundledLicenses(root, Object.keys(metafile.inputs)));
cpSync(`${root}src/kubernetes/data`, `${out}/kubernetes/data`, { recursive: true });
chmodSync(`${out}/bin/aweigh.js`, 0o755);
