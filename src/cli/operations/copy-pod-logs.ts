import type { Pod } from '../../kubernetes/types.generated.ts';
import { Pods } from '../../client/kinds.ts';
import { pathOf } from '../../client/resource.ts';
import type { ClusterAccess } from '../cluster-access.ts';
import type { Terminal } from '../terminal.ts';

/** Prints what pods wrote, each line behind its pod's name. @param options.tail last lines of each */
export async function copyPodLogs(terminal: Terminal, { client, namespace }: ClusterAccess, pods: readonly Pod[], options: { readonly tail: number; readonly follow?: boolean }): Promise<void> {
  await Promise.all(pods.map(async (pod) => {
    const name = pod.metadata?.name ?? '';
    const path = `${pathOf(Pods, namespace, name, 'log')}?tailLines=${options.tail}${options.follow === true ? '&follow=true' : ''}`;
    let rest = '';
    for await (const chunk of client.stream(path, { signal: terminal.signal })) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) terminal.out.write(`${name}  ${line}\n`);
    }
    if (rest !== '') terminal.out.write(`${name}  ${rest}\n`);
  }));
}
