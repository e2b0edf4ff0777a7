import { spawn, spawnSync } from 'node:child_process';
import { missingPrograms } from '../control-planes/kubernetes-programs.ts';

/**
 * The end-to-end tests of releases on Kubernetes's own control plane, in a network and among processes of their own: nothing of the machine's is
 * touched, and whatever a test leaves ends with it. Arguments are vitest's, such as a file or `-t 'a rule'`.
 */
const asUser = process.getuid?.() === 0 ? [] : ['--map-root-user'];
const ofTheirOwn = [...asUser, '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

const missing = missingPrograms();
if (missing.length > 0) console.warn(`SKIPPED: releases under a real control plane are not tested, ${missing.join(', ')} are not built`);
else if (spawnSync('unshare', [...ofTheirOwn, 'true']).status !== 0) console.warn('SKIPPED: releases under a real control plane are not tested, this machine lets nobody make a network namespace');
else {
  const tests = spawn('unshare', [...ofTheirOwn, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', 'node_modules/.bin/vitest', 'run', '--project', 'real-control-plane', ...process.argv.slice(2)], { stdio: 'inherit' });
  // Its parent passes no signal on, but takes it along.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill('SIGKILL'));
  tests.on('exit', (code) => { process.exitCode = code ?? 1; });
}
