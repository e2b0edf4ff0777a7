import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemProgram } from './system-program.ts';

/** `host`: pods share the machine's network, each with an address of its own; `netns`: each pod has a network namespace. */
export type PodNetworkName = 'host' | 'netns';

/** What joins a pod to the network. */
export interface PodNetwork {
  /** Before the first container, and again before each: makes what is not there. */
  join(uid: string, podIp: string): Promise<void>;
  /** Words before the programs of a pod. */
  prefix(uid: string): readonly string[];
  leave(uid: string): Promise<void>;
}

export const hostNetwork: PodNetwork = { join: () => Promise.resolve(), prefix: () => [], leave: () => Promise.resolve() };

/** The machine's end of every pod's cable has this address (link-local, so that it meets no other), and each pod's way out leads there. */
const gateway = '169.254.1.1';
const forwarding = '/proc/sys/net/ipv4/ip_forward';

/** A network namespace a pod, with one cable to the machine and a route to its address. Needs root.
 *  Pods reach each other, Services and the machine; the world beyond only where the machine translates addresses for their range. */
export function namespaceNetwork(folder: string): PodNetwork {
  const placeOf = (uid: string): string => join(folder, 'netns', uid);
  return {
    async join(uid, podIp) {
      const place = placeOf(uid);
      if (isMounted(place)) return;
      if (readFileSync(forwarding, 'latin1').trim() === '0') writeFileSync(forwarding, '1');
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
      closeSync(openSync(place, 'w', 0o600));
      const cable = cableOf(uid);
      await run('unshare', `--net=${place}`, systemProgram('ip'), 'link', 'set', 'lo', 'up');
      try {
        await batch([`link add ${cable} type veth peer name eth0 netns ${place}`, `addr add ${gateway}/32 dev ${cable}`, `link set ${cable} up`, `route replace ${podIp}/32 dev ${cable}`]);
        await batch([`addr add ${podIp}/32 dev eth0`, 'link set eth0 up', `route add ${gateway} dev eth0 scope link`, `route add default via ${gateway} dev eth0`], place);
      } catch (e) {
        await this.leave(uid);
        throw e;
      }
    },
    prefix: (uid) => [systemProgram('nsenter'), `--net=${placeOf(uid)}`, '--'],
    async leave(uid) {
      const place = placeOf(uid);
      await run('ip', 'link', 'del', cableOf(uid)).catch(() => undefined);
      if (isMounted(place)) await run('umount', place);
      rmSync(place, { force: true });
    },
  };
}

/** At most 15 characters, as Linux names devices. */
const cableOf = (uid: string): string => `aw${createHash('sha256').update(uid).digest('hex').slice(0, 12)}`;

/** Namespaces are files of another file system than their folder. */
function isMounted(place: string): boolean {
  return existsSync(place) && statSync(place).dev !== statSync(dirname(place)).dev;
}

async function run(program: string, ...args: readonly string[]): Promise<void> {
  await promisify(execFile)(systemProgram(program), [...args]);
}

async function batch(lines: readonly string[], namespace?: string): Promise<void> {
  const words = [systemProgram('ip'), '-batch', '-'];
  const [program, ...args] = namespace === undefined ? words : [systemProgram('nsenter'), `--net=${namespace}`, '--', ...words];
  const child = promisify(execFile)(program!, args);
  child.child.stdin?.end(`${lines.join('\n')}\n`);
  await child;
}
