import type { Readable } from 'node:stream';
import { once } from 'node:events';
import type { Clock } from '../../../runtime/clock.ts';
import type { Runtime, RuntimeContainer } from '../runtime/runtime.ts';
import { exitStatus } from './channels.ts';
import { readLog } from './read-log.ts';
import type { RemoteStreams } from './remote-streams.ts';

/** Runs a command in a container, its streams joined to the far end. Ends with the command; a client that leaves ends the command. */
export async function execStream(remote: RemoteStreams, runtime: Runtime, container: RuntimeContainer, query: URLSearchParams): Promise<void> {
  const child = runtime.open(container, query.getAll('command'), isSet(query, 'tty'));
  if ('failed' in child) {
    await remote.end({ metadata: {}, status: 'Failure', reason: 'InternalError', message: child.failed, code: 500 });
    return;
  }
  child.stdin.on('error', () => undefined);
  if (isSet(query, 'stdin') || isSet(query, 'input')) {
    remote.onStdin(
      // A command that no longer reads must not hold its client.
      (chunk) => (child.stdin.write(chunk) || child.stdin.destroyed ? undefined : Promise.race([once(child.stdin, 'drain').catch(() => undefined), child.ended]).then(() => undefined)),
      () => child.stdin.end(),
    );
  } else child.stdin.end();
  remote.onResize(({ Width, Height }) => child.resize(Width, Height));
  remote.onClose(() => child.kill());
  const [exitCode] = await Promise.all([child.ended, pump(child.stdout, remote, 'stdout'), pump(child.stderr, remote, 'stderr')]);
  await remote.end(exitStatus(exitCode));
}

async function pump(from: Readable, remote: RemoteStreams, to: 'stdout' | 'stderr'): Promise<void> {
  try {
    for await (const chunk of from) await remote.write(to, chunk as Buffer);
  } catch {
    // The command was killed: its end says so.
  }
}

/** What a container writes from now on. Its standard input is not open. */
export async function attachStream(remote: RemoteStreams, container: RuntimeContainer, clock: Clock): Promise<void> {
  const gone = new AbortController();
  remote.onClose(() => gone.abort());
  if (container.logFile !== undefined) {
    const query = { follow: true, previous: false, timestamps: false, tailLines: 0 };
    for await (const piece of readLog(container.logFile, query, { startedAtMs: container.startedAtMs, ended: () => container.exit !== undefined, clock, signal: gone.signal })) await remote.write('stdout', piece);
  }
  await remote.end(exitStatus(container.exit?.exitCode ?? 0));
}

/** The API server writes `true`, and as the kubelet's client `1`. */
function isSet(query: URLSearchParams, name: string): boolean {
  return ['true', '1'].includes(query.get(name) ?? '');
}
