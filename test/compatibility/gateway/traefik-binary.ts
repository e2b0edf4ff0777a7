import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const TRAEFIK = 'github.com/traefik/traefik/v3@v3.6.12';
/** The version that this Traefik is written for. */
const GATEWAY_API = 'sigs.k8s.io/gateway-api@v1.4.0';

export const traefikBinary = join(process.env['PEERS'] ?? join(homedir(), '.cache', 'aweigh-peers', 'bin'), 'traefik');

/** Where Go keeps a module, fetched if need be; undefined where it cannot. */
export function moduleFolder(module: string): string | undefined {
  const { status, stdout } = spawnSync('go', ['mod', 'download', '-json', module], { cwd: '/', encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as { Dir?: string }).Dir : undefined;
}

/** The definitions of the Gateway API's standard channel, as their module has them. */
export const gatewayDefinitions = (): string | undefined => {
  const folder = moduleFolder(GATEWAY_API);
  return folder === undefined ? undefined : join(folder, 'config', 'crd', 'standard');
};

/** Why the tests with a real gateway cannot run; undefined where they can. */
export function missing(): string | undefined {
  if (!existsSync(traefikBinary)) return `${traefikBinary} is not built: node test/compatibility/gateway/build-traefik.ts`;
  return gatewayDefinitions() === undefined ? `Go cannot fetch ${GATEWAY_API}` : undefined;
}
