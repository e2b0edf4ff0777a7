import { Command } from 'commander';
import { Applications } from '../../api/kinds.ts';
import { countFrom } from '../count-option.ts';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { getApplication } from '../operations/releases-of.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';

export function scaleCommand(terminal: Terminal): Command {
  return withAccess(new Command('scale').description('set the number of pods of a track, or of the routers with the track name router'))
    .argument('<application>').argument('<track>').argument('<replicas>', 'a whole number, 0 or more', countFrom(0))
    .action((application: string, track: string, replicas: number, options: AccessOptions) => useCluster(terminal, options, async (access) => {
      const { client, namespace } = access;
      const found = await getApplication(access, application);
      const index = found.spec.tracks.findIndex((t) => t.name === track);
      if (index < 0 && track !== 'router') throw new UserError(`${application} has no track ${track}: its tracks are ${found.spec.tracks.map((t) => t.name).join(', ')}, and router for its routers`);
      const key = { namespace, name: application };
      if (index < 0) await client.patch(Applications, key, { spec: { router: { replicas } } });
      else await client.patch(Applications, key, [{ op: 'test', path: `/spec/tracks/${index}/name`, value: track }, { op: 'add', path: `/spec/tracks/${index}/replicas`, value: replicas }], { type: 'json' });
      terminal.out.write(`${application} ${track}: ${replicas} pods wanted\n`);
    }));
}
