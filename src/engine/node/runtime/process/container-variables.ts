import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { PodPlace, StartContainer } from '../runtime.ts';
import { pathVariable } from './command-line.ts';

/** The whole environment of a container's program, and the folders that it names. Later wins: place, image, spec.
 *  @param mark is found in the environment of every process of the container */
export function containerVariables(request: StartContainer, place: PodPlace, options: { readonly root: string; readonly mark: string; readonly nodePath: string; readonly hostPath: string }): Record<string, string> {
  const { pod, name, image, port } = request;
  const fromImage = Object.fromEntries((image.run.Env ?? []).map((e) => [e.slice(0, e.indexOf('=')), e.slice(e.indexOf('=') + 1)]));
  const given = Object.fromEntries(request.env);
  const podRoot = join(place.folder, 'root', name);
  const temporary = join(podRoot, 'tmp');
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  return {
    HOME: podRoot,
    TMPDIR: temporary,
    HOSTNAME: pod.name,
    POD_IP: place.podIp,
    HOST: place.podIp,
    ...(port === undefined ? {} : { PORT: String(port) }),
    ...fromImage,
    ...given,
    PATH: given['PATH'] ?? pathVariable(fromImage['PATH'], { root: options.root, hostPath: `${dirname(options.nodePath)}:${options.hostPath}` }),
    POD_ROOT: podRoot,
    POD_UID: pod.uid,
    AWEIGH_CONTAINER: options.mark,
  };
}

/** Volumes appear under the container's root as links to where they are. */
export function linkVolumes(request: StartContainer, podRoot: string): void {
  for (const { source, path } of request.mounts) {
    const target = join(podRoot, posix.resolve('/', path));
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    rmSync(target, { recursive: true, force: true });
    symlinkSync(source, target);
  }
}
