import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { listeningAddresses } from '../../engine/network/listening-addresses.ts';
import { addLocalRoute, isLoopback, removeLocalRoute, RouteError } from '../../engine/network/local-route.ts';
import type { ClusterDns } from '../../engine/node/resolv-conf.ts';
import { addressAt, holds, overlaps } from '../../engine/node/runtime/address-pool.ts';
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
/** Bound on the last address of the pods' range, by whoever supervises the cluster and by its network processes, which may outlive it: odd ports that no Service has. */
const CLAIM_PORTS = { supervisor: 59_873, network: 59_874 };

/** Held while the process lives, so that no other cluster takes the ranges. */
export interface RangesClaim {
  readonly ranges: AddressRanges;
  close(): void;
}

/** What a part of a cluster is to use: as its supervisor chose it. */
export async function addressRanges(root: string, random: Random): Promise<AddressRanges> {
  const known = readRanges(root);
  if (known !== undefined) return known;
  const { ranges, close } = await claimRanges(root, random);
  close();
  return ranges;
}

/**
 * The ranges of a cluster, chosen once a data directory. By default each cluster of a machine has its own part of the loopback range: pods in 127.64 to 127.95, Services in 127.96 to 127.127, a /16 each; a part that another cluster holds, or where anything still listens, is passed over.
 * @param takesOver parts of this cluster run already and hold the ranges
 * @throws {UserError} where the cluster cannot have the ranges that it had or that are wanted
 */
export async function claimRanges(root: string, random: Random, wanted: Partial<AddressRanges> = {}, takesOver = false): Promise<RangesClaim> {
  const known = readRanges(root);
  if (known !== undefined) {
    const other = (['pods', 'services', 'podNetwork'] as const).find((name) => wanted[name] !== undefined && wanted[name] !== (known[name] ?? 'host'));
    if (other !== undefined) throw new UserError(`The cluster of ${root} was started with ${other} ${known[other] ?? 'host'}, which its objects hold on to; it cannot become ${wanted[other]}: leave the flag away, or name another directory with --data DIR.`);
    return hold(root, known, takesOver);
  }
  if (wanted.pods !== undefined || wanted.services !== undefined || wanted.podNetwork === 'netns') {
    const ranges = ordinaryRanges(wanted);
    const claim = await hold(root, ranges, takesOver);
    writeRanges(root, ranges);
    return claim;
  }
  const first = Math.floor(random.next() * CHOICES);
  // Pods outlive whatever kept their cluster, and hold their addresses: one of ours there could never listen.
  const listening = listeningAddresses();
  for (let i = 0; i < CHOICES; i++) {
    const choice = (first + i) % CHOICES;
    const ranges = { pods: `127.${PODS_FIRST + choice}.0.0/16`, services: `127.${SERVICES_FIRST + choice}.0.0/16` };
    if (listening.some((address) => holds(ranges.pods, address) || holds(ranges.services, address))) continue;
    const claim = await claimAs('supervisor', ranges);
    if (claim === undefined) continue;
    if (await isHeldByNetwork(ranges)) {
      claim.close();
      continue;
    }
    writeRanges(root, ranges);
    return claim;
  }
  throw new Error(`All ${CHOICES} address ranges of this machine are in use: stop a cluster with 'aweigh down' first`);
}

/** The network processes share it, so that the ranges stay taken where their supervisor died. Absent where they are another cluster's. */
export const claimForNetwork = (ranges: AddressRanges): Promise<RangesClaim | undefined> => claimAs('network', ranges);

async function hold(root: string, ranges: AddressRanges, takesOver: boolean): Promise<RangesClaim> {
  const claim = await claimAs('supervisor', ranges);
  if (claim !== undefined && (takesOver || !(await isHeldByNetwork(ranges)))) return claim;
  claim?.close();
  throw new UserError(`The addresses of the cluster of ${root}, pods ${ranges.pods} and Services ${ranges.services}, are in use by another cluster of this machine: stop that one first with 'aweigh down --data DIR'.`);
}

function ordinaryRanges(wanted: Partial<AddressRanges>): AddressRanges {
  const ranges = { ...ORDINARY, ...Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) };
  if (overlaps(ranges.pods, ranges.services)) throw new UserError(`The ranges of pods (${ranges.pods}) and Services (${ranges.services}) overlap: choose two that do not, such as ${ORDINARY.pods} and ${ORDINARY.services}`);
  if (ranges.podNetwork === 'netns' && process.getuid?.() !== 0) throw new UserError('Pods with networks of their own need root: run as root, or leave --pod-network away');
  if (ranges.podNetwork === 'netns' && isLoopback(ranges.pods)) throw new UserError(`Pods with networks of their own need addresses other than loopback, and have ${ranges.pods}: choose another range, such as --pod-cidr ${ORDINARY.pods}`);
  return ranges;
}

const rangesFile = (root: string): string => join(root, 'address-ranges.json');
const readRanges = (root: string): AddressRanges | undefined => (existsSync(rangesFile(root)) ? (JSON.parse(readFileSync(rangesFile(root), 'utf8')) as AddressRanges) : undefined);
const writeRanges = (root: string, ranges: AddressRanges): void => writeAtomically(rangesFile(root), JSON.stringify(ranges));

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

/** Undefined where another process of that kind holds them; ordinary ranges are claimed by their routes, and a machine without these addresses claims nothing. */
function claimAs(who: keyof typeof CLAIM_PORTS, ranges: AddressRanges): Promise<RangesClaim | undefined> {
  if (!isLoopback(ranges.pods)) return Promise.resolve({ ranges, close() {} });
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE' ? undefined : { ranges, close() {} }));
    server.listen({ port: CLAIM_PORTS[who], host: lastAddress(ranges.pods), exclusive: true, reusePort: who === 'network' }, () => resolve({ ranges, close: () => void server.close() }));
  });
}

/** Asked by who does not share the claim. */
async function isHeldByNetwork(ranges: AddressRanges): Promise<boolean> {
  if (!isLoopback(ranges.pods)) return false;
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen({ port: CLAIM_PORTS.network, host: lastAddress(ranges.pods), exclusive: true }, () => server.close(() => resolve(false)));
  });
}

/** The last that a host may have. */
const lastAddress = (cidr: string): string => addressAt(cidr, 2 ** (32 - Number(cidr.split('/')[1])) - 2);
