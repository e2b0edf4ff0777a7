import { chmodSync, cpSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = `${root}dist`;
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

await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: out,
  bundle: true,
  splitting: true,
  packages: 'external',
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

cpSync(`${root}src/kubernetes/data`, `${out}/kubernetes/data`, { recursive: true });
chmodSync(`${out}/bin/aweigh.js`, 0o755);
