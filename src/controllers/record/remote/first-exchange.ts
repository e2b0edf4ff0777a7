import { RECORD_REPOSITORY } from '../../../api/record-repository/record-repository.ts';
import { pause } from '../../../runtime/backoff.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import type { Repository } from '../repository.ts';
import { observeRemote } from './observe.ts';

/** A remote that cannot be reached is not waited for longer: releases and rollbacks go first. */
const WITHIN_MS = { empty: 15_000, known: 5_000 };
const BETWEEN_MS = 1_000;

/**
 * Whoever leads anew begins with what the one before pushed. A record that is empty here and has a remote begins with the remote's history:
 * what is committed before would be another history.
 */
export async function firstExchange(context: ControllerContext, repository: Repository, signal: AbortSignal): Promise<void> {
  const observed = await observeRemote(context, { name: RECORD_REPOSITORY });
  if (observed?.remote === undefined) return;
  const empty = (await repository.applications()).length === 0;
  const late = new AbortController();
  const cancel = context.clock.after(empty ? WITHIN_MS.empty : WITHIN_MS.known, () => late.abort());
  const either = AbortSignal.any([signal, late.signal]);
  try {
    while (!either.aborted) {
      const exchange = await repository.exchange(observed.remote, either);
      if (exchange.outcome === 'synchronized' || !empty) return;
      context.log.warn({ reason: exchange.reason }, 'The empty record does not reach its remote');
      await pause(context.clock, BETWEEN_MS, either);
    }
  } finally {
    cancel();
  }
}
