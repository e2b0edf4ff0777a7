import { Applications } from '../../api/kinds.ts';
import type { Client } from '../../client/client.ts';
import { Deployments } from '../../client/kinds.ts';
import { keyOf, keyString, type ObjectKey } from '../../client/resource.ts';
import { isNotFound } from '../../client/status-error.ts';
import { FINALIZER } from '../../controllers/record/removal.ts';
import { waitFor } from '../operations/wait-for.ts';
import type { Terminal } from '../terminal.ts';

const DEADLINE_MS = 300_000;

/** Deletes every Application, and waits until they are gone. Their controllers see them out; where none run, nobody else would take away what holds them.
 *  @param controllers the Deployment that runs them where they are installed */
export async function deleteApplications(client: Client, controllers: ObjectKey, terminal: Pick<Terminal, 'clock' | 'signal' | 'out'>): Promise<void> {
  const missing = (e: unknown): undefined => { if (!isNotFound(e)) throw e; };
  const applications = (await client.list(Applications).catch(missing))?.items ?? [];
  const running = (await client.get(Deployments, controllers).catch(missing))?.status?.availableReplicas ?? 0;
  for (const application of applications) {
    const key = keyOf(application);
    await client.delete(Applications, key, { propagation: 'Background' }).catch(missing);
    const finalizers = application.metadata?.finalizers ?? [];
    if (running === 0 && finalizers.includes(FINALIZER)) await client.patch(Applications, key, { metadata: { finalizers: finalizers.filter((f) => f !== FINALIZER) } }).catch(missing);
    terminal.out.write(`Deleted Application ${keyString(key)}\n`);
  }
  await waitFor("every Application to go; 'kubectl get applications.aweigh.dev -A -o yaml' says what holds them", { clock: terminal.clock, deadlineMs: DEADLINE_MS, signal: terminal.signal }, async () => ((await client.list(Applications).catch(missing))?.items.length ?? 0) === 0 ? true : undefined);
}
