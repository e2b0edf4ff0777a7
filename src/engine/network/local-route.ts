import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

/** What a person can do about it stands in the message. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
}

const programs = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip', '/bin/ip'];

/** Whether addresses of the range are local on every Linux machine as it is. */
export const isLoopback = (cidr: string): boolean => cidr.startsWith('127.');

/** Makes every address of a range one that this machine (or network namespace) can listen on. Returns whether a route was added.
 *  @throws {RouteError} where it may not */
export async function addLocalRoute(cidr: string): Promise<boolean> {
  if (isLoopback(cidr)) return false;
  if (await isLocal(cidr)) return false;
  try {
    // A new network namespace has its loopback device down.
    await ip('link', 'set', 'lo', 'up');
    await ip('route', 'add', 'local', cidr, 'dev', 'lo');
    return true;
  } catch (e) {
    // Another process of the same cluster may have been faster.
    if (await isLocal(cidr)) return false;
    const why = e instanceof Error && 'stderr' in e ? String(e.stderr).trim() : String(e);
    throw new RouteError(`Addresses of ${cidr} are not local here (${why}): run as root, or inside 'unshare --map-root-user --net', or add the route yourself with 'ip route add local ${cidr} dev lo'; or leave the range away for a loopback range, which needs no right`);
  }
}

/** Whether what goes to the address, or to the first of a range, stays on this machine. */
export async function isLocal(range: string): Promise<boolean> {
  const known = await ip('-o', 'route', 'get', range.split('/')[0]!).catch(() => '');
  return known.startsWith('local ');
}

/** Takes a route away that {@link addLocalRoute} added; nothing where it is gone. */
export async function removeLocalRoute(cidr: string): Promise<void> {
  await ip('route', 'del', 'local', cidr, 'dev', 'lo').catch(() => undefined);
}

/** Runs iproute2. @throws {Error} with `stderr` */
export async function ip(...args: readonly string[]): Promise<string> {
  const program = programs.find((path) => existsSync(path));
  if (program === undefined) throw new RouteError("The program 'ip' is not here: install iproute2");
  return (await promisify(execFile)(program, [...args])).stdout;
}
