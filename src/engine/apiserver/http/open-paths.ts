import type { PathHandler } from './server.ts';
import { replyText, replyValue } from './reply.ts';

export const versionInfo = {
  major: '1', minor: '35', gitVersion: 'v1.35.4+aweigh', gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: 'none', compiler: 'node', platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const;

const checks = ['ping', 'log', 'etcd', 'poststarthook/bootstrap'] as const;

/** Health and version: what a client may see without credentials. @param isReady false while the server starts or stops */
export function openPaths(isReady: () => boolean): PathHandler {
  return (req, res, path) => {
    const match = /^\/(healthz|livez|readyz)(?:\/(.*))?$/.exec(path);
    if (match !== null) {
      const [, endpoint = '', check] = match;
      if (check !== undefined && check !== '' && !checks.some((c) => c === check)) return false;
      const good = endpoint !== 'readyz' || isReady();
      const verbose = req.url?.includes('verbose') === true || !good;
      const lines = checks.map((c) => `[+]${c} ok`).concat(`${endpoint} check ${good ? 'passed' : 'failed'}`);
      replyText(res, good ? 200 : 500, verbose ? `${lines.join('\n')}\n` : 'ok');
      return true;
    }
    if (path !== '/version' && path !== '/version/') return false;
    replyValue(req, res, 200, versionInfo);
    return true;
  };
}
