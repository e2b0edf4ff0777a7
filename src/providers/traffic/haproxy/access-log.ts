import type { RouterLayout } from '../router-layout.ts';
import { setVar } from './config-line.ts';

/** Lines of the frontend that write one JSON line a request. No query: it may hold secrets. No user id unless asked for. */
export function accessLogLines({ accessLog: { percent, userIds } }: Pick<RouterLayout, 'accessLog'>): string[] {
  if (percent === 0) return ['  http-request set-log-level silent'];
  const fields = [
    `"at":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]"`, `"method":"%HM"`, `"path":"%[var(txn.path),json(utf8s)]"`, `"status":%ST`, `"ms":%Tr`, `"totalMs":%Ta`,
    `"segment":"%[var(txn.segment)]"`, `"bucket":%[var(txn.bucket)]`, ...(userIds ? [`"user":"%[var(txn.user),json(utf8s)]"`] : []),
    `"backend":"%[var(txn.version),field(1,|)]"`, `"track":"%[var(txn.version),field(2,|)]"`, `"version":"%[var(txn.version),field(3,|)]"`,
    `"server":"%si:%sp"`, `"retries":%rc`, `"end":"%ts"`,
  ];
  return [
    setVar('path', 'path'),
    ...(percent === 100 ? [] : [`  http-response set-log-level silent if { rand(100) ge ${percent} } { status lt 500 }`]),
    `  log-format '{${fields.join(',')}}'`,
  ];
}
