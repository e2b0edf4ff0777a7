import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { addLocalRoute, isLoopback, removeLocalRoute, RouteError } from '../../engine/network/local-route.ts';
import type { ClusterDns } from '../../engine/node/resolv-conf.ts';
import { addressAt, overlaps } from '../../engine/node/runtime/address-pool.ts';
import type { PodNetworkName } from '../../engine/node/runtime/process/pod-network.ts';
import type { Random } from '../../runtime/clock.ts';
import { UserError } from '../user-error.ts';
import { writeAtomically, type DataDirectory } from './data-directory.ts';

/** Where the pods and Services of one cluster live, in CIDR form. */
export interface AddressRanges {
  readonly pods: string;
  readonly services: string;
  /** Absent: `host`. */
  readonly podNetwork?: PodNetworkName;
}

/** Taken where one of the two is given, or pods are to have networks of their own. */
const ORDINARY: AddressRanges = { pods: '10.244.0.0/16', services: '10.96.0.0/16' };
const DNS_NUMBER = 10;
const DNS_PORT = 10_053;
const UNPRIVILEGED = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

const PODS_FIRST = 64;
const SERVICES_FIRST = 96;
const CHOICES = 32;
/** Bound on the last address of a range by whoever uses it; an odd port that no Service has. */
const CLAIM_PORT = 59_873;

/**
 * The ranges of a cluster, chosen once a data directory. By default each cluster of a machine has its own part of the loopback range: pods in 127.64 to 127.95, Services in 127.96 to 127.127, a /16 each; a part that another running cluster holds is passed over.
 */
export async function addressRanges(root: string, random: Random, wanted: Partial<AddressRanges> = {}): Promise<AddressRanges> {
  const file = join(root, 'address-ranges.json');
  if (existsSync(file)) {
    const known = JSON.parse(readFileSync(file, 'utf8')) as AddressRanges;
    const other = (['pods', 'services', 'podNetwork'] as const).find((name) => wanted[name] !== undefined && wanted[name] !== (known[name] ?? 'host'));
    if (other !== undefined) throw new UserError(`The cluster of ${root} was started with ${other} ${known[other] ?? 'host'}, which its objects hold on to; it cannot become ${wanted[other]}: leave the flag away, or name another directory with --data DIR.`);
    return known;
  }
  if (wanted.pods !== undefined || wanted.services !== undefined || wanted.podNetwork === 'netns') {
    const ranges = { ...ORDINARY, ...Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) };
    if (overlaps(ranges.pods, ranges.services)) throw new UserError(`The ranges of pods (${ranges.pods}) and Services (${ranges.services}) overlap: choose two that do not, such as ${ORDINARY.pods} and ${ORDINARY.services}`);
    if (ranges.podNetwork === 'netns' && process.getuid?.() !== 0) throw new UserError('Pods with networks of their own need root: run as root, or leave --pod-network away');
    if (ranges.podNetwork === 'netns' && isLoopback(ranges.pods)) throw new UserError(`Pods with networks of their own need addresses other than loopback, and have ${ranges.pods}: choose another range, such as --pod-cidr ${ORDINARY.pods}`);
    writeAtomically(file, JSON.stringify(ranges));
    return ranges;
  }
  const first = Math.floor(random.next() * CHOICES);
  for (let i = 0; i < CHOICES; i++) {
    const choice = (first + i) % CHOICES;
    if (!(await isFree(choice))) continue;
    const ranges = { pods: `127.${PODS_FIRST + choice}.0.0/16`, services: `127.${SERVICES_FIRST + choice}.0.0/16` };
    writeAtomically(file, JSON.stringify(ranges));
    return ranges;
  }
  throw new Error(`All ${CHOICES} address ranges of this machine are in use: stop a cluster with 'aweigh down' first`);
}

/** Holds the ranges while the process lives, so that another cluster passes them over. */
export function claimRanges(ranges: AddressRanges): Promise<{ close(): void }> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.on('error', () => resolve({ close() {} }));
    if (isLoopback(ranges.pods)) server.listen(CLAIM_PORT, claimAddress(Number(ranges.pods.split('.')[1])), () => resolve(server));
    else resolve({ close() {} });
  });
}

/** Where the names of a cluster are answered, known from its Services' range alone. */
export function clusterDns(serviceCidr: string): ClusterDns {
  const unprivileged = existsSync(UNPRIVILEGED) ? Number(readFileSync(UNPRIVILEGED, 'utf8')) : 1_024;
  return { address: addressAt(serviceCidr, DNS_NUMBER), port: DNS_PORT, domain: 'cluster.local', onPort53: process.getuid?.() === 0 || unprivileged <= 53 };
}

/** Which ranges are local to this machine: pods with networks of their own are not. */
export const localRanges = ({ pods, services, podNetwork }: AddressRanges): readonly string[] => (podNetwork === 'netns' ? [services] : [pods, services]);

/** Makes ranges local to this machine, and remembers what to take away again. @throws {UserError} */
export async function openRoutes(data: DataDirectory, cidrs: readonly string[]): Promise<void> {
  const added: string[] = [];
  for (const cidr of cidrs) {
    try {
      if (await addLocalRoute(cidr)) added.push(cidr);
    } catch (error) {
      // What other processes of the cluster added is theirs.
      for (const own of added) await removeLocalRoute(own);
      throw error instanceof RouteError ? new UserError(error.message, { cause: error }) : error;
    }
    writeAtomically(routesFile(data), JSON.stringify([...new Set([...readRoutes(data), ...added])]));
  }
}

/** Takes away what {@link openRoutes} added, also by an earlier process. */
export async function closeRoutes(data: DataDirectory): Promise<void> {
  for (const cidr of readRoutes(data)) await removeLocalRoute(cidr);
  rmSync(routesFile(data), { force: true });
}

const routesFile = (data: DataDirectory): string => join(data.run, 'local-routes.json');

function readRoutes(data: DataDirectory): string[] {
  return existsSync(routesFile(data)) ? (JSON.parse(readFileSync(routesFile(data), 'utf8')) as string[]) : [];
}

const claimAddress = (second: number): string => `127.${second}.255.254`;

function isFree(choice: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(CLAIM_PORT, claimAddress(PODS_FIRST + choice), () => server.close(() => resolve(true)));
  });
}
