import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Container } from '../../kubernetes/types.generated.ts';
import type { Exit, RuntimeContainer } from './runtime/runtime.ts';

/** As the kubelet: the last 80 lines, 2 KiB at most. */
const keptLines = 80, keptBytes = 2_048;

/** What a container that failed said last, where its spec wants that as the message of its end. */
export function terminationMessage({ terminationMessagePolicy }: Container, { logFile }: Pick<RuntimeContainer, 'logFile'>, exit: Exit): string | undefined {
  if (terminationMessagePolicy !== 'FallbackToLogsOnError' || exit.exitCode === 0 || logFile === undefined) return undefined;
  const lines = tail(logFile).split('\n');
  const ended = lines.at(-1) === '' ? 1 : 0;
  return lines.slice(-keptLines - ended).join('\n');
}

function tail(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const from = Math.max(0, size - keptBytes);
    const bytes = Buffer.alloc(size - from);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from)).toString();
  } finally {
    closeSync(file);
  }
}
