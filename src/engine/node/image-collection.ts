import type { ImageStore } from '../images/image-store.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';

const firstAfterMs = 300_000;
const everyMs = 3_600_000;

/** Deletes images, once an hour, that no tag keeps and nothing names. While it is not known what is named nothing goes.
 *  @param named digests of images that must stay */
export function collectImages(images: ImageStore, named: () => Promise<ReadonlySet<string>>, { clock, log, signal }: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal }): void {
  const collect = async (): Promise<void> => {
    try {
      const freedBytes = await images.prune(await named(), clock.now());
      if (freedBytes > 0) log.info({ freedBytes }, 'Images that nothing uses deleted');
    } catch (e) {
      log.debug({ error: e instanceof Error ? e.message : String(e) }, 'Images not looked through; trying again later');
    }
    if (!signal.aborted) cancel = clock.after(everyMs, () => void collect());
  };
  let cancel = clock.after(firstAfterMs, () => void collect());
  signal.addEventListener('abort', () => cancel());
}
