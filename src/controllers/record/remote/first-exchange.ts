import { RECORD_REPOSITORY } from '../../../api/record-repository/record-repository.ts';
import { pause } from '../../../runtime/backoff.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import type { Repository } from '../repository.ts';
import { observeRemote } from './observe.ts';

const ATTEMPTS = 5;
const BETWEEN_MS = 1_000;

/**
 * A record that is empty here and has a remote begins with the remote's history: what is committed before would be another history. A remote
 * that cannot be reached is not waited for long: releases and rollbacks go first.
 */
export async function firstExchange(context: ControllerContext, repository: Repository, signal: AbortSignal): Promise<void> {
  if ((await repository.applications()).length > 0) return;
  for (let attempt = 1; attempt <= ATTEMPTS && !signal.aborted; attempt++) {
    const observed = await observeRemote(context, { name: RECORD_REPOSITORY });
    if (observed?.remote === undefined) return;
    const exchange = await repository.exchange(observed.remote, signal);
    if (exchange.outcome === 'synchronized') return;
    context.log.warn({ reason: exchange.reason, attempt }, 'The empty record does not reach its remote');
    await pause(context.clock, BETWEEN_MS, signal);
  }
}
