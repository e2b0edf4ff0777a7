import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Random } from '../../runtime/clock.ts';
import { writeAtomically } from './data-directory.ts';

/** Where the pods and Services of one cluster live, in CIDR form. */
export interface AddressRanges {
  readonly pods: string;
  readonly services: string;
}

const PODS_FIRST = 64;
const SERVICES_FIRST = 96;
const CHOICES = 32;
/** Bound on the last address of a range by whoever uses it; an odd port that no Service has. */
const CLAIM_PORT = 59_873;

/**
 * Each cluster of a machine has its own part of the loopback range: pods in 127.64 to 127.95, Services in 127.96 to 127.127, a /16 each.
 * Chosen once a data directory; a part that another running cluster holds is passed over.
 */
export async function addressRanges(root: string, random: Random): Promise<AddressRanges> {
  const file = join(root, 'address-ranges.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as AddressRanges;
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
    server.listen(CLAIM_PORT, claimAddress(Number(ranges.pods.split('.')[1])), () => resolve(server));
  });
}

const claimAddress = (second: number): string => `127.${second}.255.254`;

function isFree(choice: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(CLAIM_PORT, claimAddress(PODS_FIRST + choice), () => server.close(() => resolve(true)));
  });
}
