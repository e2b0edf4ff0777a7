import type { Service } from '../../kubernetes/types.generated.ts';

/** The variables by which pods find Services, as Kubernetes names them (`DB_SERVICE_HOST`, `DB_SERVICE_PORT_HTTP`, `DB_PORT_80_TCP_ADDR`). */
export function serviceEnv(services: readonly Service[]): Map<string, string> {
  const env = new Map<string, string>();
  for (const { metadata, spec } of services) {
    const ip = spec?.clusterIP;
    const first = spec?.ports?.[0];
    if (ip === undefined || ip === '' || ip === 'None' || first === undefined) continue;
    const prefix = envWord(metadata?.name ?? '');
    env.set(`${prefix}_SERVICE_HOST`, ip);
    env.set(`${prefix}_SERVICE_PORT`, String(first.port));
    env.set(`${prefix}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${hostPort(ip, first.port)}`);
    for (const port of spec?.ports ?? []) {
      const protocol = port.protocol ?? 'TCP';
      if (port.name !== undefined && port.name !== '') env.set(`${prefix}_SERVICE_PORT_${envWord(port.name)}`, String(port.port));
      const one = `${prefix}_PORT_${port.port}_${protocol}`;
      env.set(one, `${protocol.toLowerCase()}://${hostPort(ip, port.port)}`);
      env.set(`${one}_PROTO`, protocol.toLowerCase());
      env.set(`${one}_PORT`, String(port.port));
      env.set(`${one}_ADDR`, ip);
    }
  }
  return env;
}

const envWord = (name: string): string => name.toUpperCase().replace(/-/g, '_');
const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
