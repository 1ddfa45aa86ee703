import type { ImageCache } from '../service/image-cache.js';
import { countEntries } from '../stores/count-evicted.js';
import type { ImageState } from './image-state.js';
import type { PrefetchQueue } from './prefetch-queue.js';
import type { Changed, ChangeOptions } from './prefetcher.js';

/** What {@link changeImage} depends on. */
export interface ChangedImageParts {
  readonly cache: ImageCache;
  readonly queue: PrefetchQueue;
  readonly images: ImageState;
}

/**
 * Evicts what is cached of an image whose source has changed, and queues what was warm.
 *
 * @throws what the queue throws, when the image has been evicted
 */
export async function changeImage(
  identifier: string,
  { dryRun = false }: ChangeOptions = {},
  { cache, queue, images }: ChangedImageParts,
): Promise<Changed> {
  // What was cached is described in terms of the image that it was made of, and that is not known any more afterwards.
  const { isAny, words } = await images.cachedWords(identifier);
  const variants = words.length > 0 ? { variants: words } : {};
  const requeued = isAny ? images.wanted(variants).length : 0;
  if (dryRun) return { evicted: countEntries(await cache.entriesOf(identifier)), requeued };
  const queueAgain = (): Promise<unknown> => queue.add({ identifier, priority: 0, ...variants, again: true });
  // Queued before, too: if this process dies after the eviction, nobody else knows what was warm.
  if (isAny) await queueAgain().catch(() => undefined);
  const evicted = await cache.changed(identifier);
  await queue.sync();
  if (isAny || queue.find(identifier)?.state === 'running') await queueAgain();
  return { evicted, requeued };
}
