import { randomBytes, randomInt } from 'node:crypto';
import { systemClock } from '../common/system-clock.js';
import type { Clock } from '../ports/clock.js';
import type { ImageCache } from '../service/image-cache.js';
import { hasEnded, processName, processSpace } from '../stores/filesystem/processes.js';
import { DefaultPrefetcher } from './default-prefetcher.js';
import type { PrefetchOptions } from './prefetch-options.js';
import { PrefetchQueue } from './prefetch-queue.js';
import { FileJournal } from './queue/file-journal.js';
import { HeapJournal, type Journal } from './queue/journal.js';
import { resolvePrefetchOptions } from './resolve-prefetch-options.js';

/** What a prefetcher depends on beside its options. */
export interface PrefetcherParts {
  /** What is to be filled; it needs a `renderer` and a variant cache, unless originals alone are prefetched. */
  readonly cache: ImageCache;
  /** @default the machine's time */
  readonly clock?: Clock;
}

const FINENESS = 2 ** 32;

/**
 * Makes a prefetcher and opens its queue; usable without NestJS. It works when `run` is called.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an option is wrong, `E_IMAGE_CACHE_STORE_REFUSED` when the
 * directory of the queue cannot be used
 */
export async function createPrefetcher(
  options: PrefetchOptions,
  { cache, clock = systemClock }: PrefetcherParts,
): Promise<DefaultPrefetcher> {
  const settings = resolvePrefetchOptions(options);
  // To warm nothing asks for what warming needs; originals have a place of their own.
  if (settings.original === undefined || settings.variants.length > 0) await cache.warm([]);
  const onError = (what: string, error: unknown): void => {
    cache.tell('background-failed', { what, error });
  };
  const { directory, durable, maxJobs } = settings;
  const space = await processSpace();
  const holder = `${await processName(space)}.${randomBytes(6).toString('hex')}`;
  const ended = (name: string): Promise<boolean> => hasEnded(name, space);
  const journal: Journal =
    directory === undefined
      ? new HeapJournal()
      : await FileJournal.open({
          path: directory,
          me: holder,
          hasEnded: ended,
          durable,
          onDamage: (lines) => {
            onError('reading the queue', new Error(`${lines} lines were cut short.`));
          },
          onError,
        });
  const queue = new PrefetchQueue({ journal, clock, holder, hasEnded: ended, maxJobs, onError });
  const chance = (): number => randomInt(FINENESS) / FINENESS;
  return new DefaultPrefetcher({ cache, queue, settings, clock, chance, onError });
}
