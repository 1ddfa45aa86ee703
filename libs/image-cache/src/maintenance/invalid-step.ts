import type { CachedImage, CacheStore } from '../ports/cache-store.js';
import type { EntryKey, SourceStamp } from '../ports/entry.js';
import type { ImageEvictor, ImageGenerations } from '../tiers/image-evictor.js';
import type { SourceMonitor } from '../tiers/source-monitor.js';
import { sameStamp, type SourceState } from '../tiers/source-state.js';
import { cachedImages } from './cached-images.js';
import { tolerate, type Shift, type SweepStep, type Tally } from './sweep.js';

/** What {@link invalidStep} depends on. */
export interface InvalidStepOptions {
  readonly stores: readonly CacheStore[];
  readonly monitor: SourceMonitor;
  readonly evictor: ImageEvictor;
  /** Whether images that are gone are evicted too, not only those that have changed. */
  readonly evictMissing: boolean;
}

/** Images that are looked up together, before anything of them is evicted. */
const WINDOW = 100;

/** Lookups at a time. */
const CONCURRENCY = 4;

/** In a window of at least so many images … */
const SMALLEST_SAMPLE = 10;

/** … a larger share of missing ones than this is taken for a source that is not what it was. */
const SUSPICIOUS_SHARE = 0.5;

interface Judged {
  readonly store: CacheStore;
  readonly image: CachedImage;
  readonly state: SourceState;
  readonly seen: ImageGenerations;
}

/**
 * Looks the sources of what is cached up, and evicts images that have changed or are gone. Stops when the source cannot
 * tell, or when so many are missing that an unmounted directory is likelier than a clean-up.
 */
export function invalidStep(options: InvalidStepOptions): SweepStep {
  const examine = async (store: CacheStore, tally: Tally, shift: Shift): Promise<void> => {
    const { signal, dryRun, rate } = shift;
    for await (const images of cachedImages(store, { signal, dryRun, rate, size: WINDOW })) {
      tally.examined += images.length;
      const judged = await lookUp({ store, images }, options, { tally, signal });
      tally.stopped = reasonToStop(judged);
      if (tally.stopped !== undefined) return;
      for (const each of judged) {
        if (isValid(each, options)) continue;
        await tolerate(tally, signal, () => (dryRun ? count(each, tally) : evict(each, options, tally)));
        shift.progress();
      }
      shift.progress();
    }
  };
  return {
    name: 'invalid',
    run: async (tally, shift) => {
      for (const store of options.stores) {
        if (!store.features.enumerable || tally.stopped !== undefined) continue;
        await tolerate(tally, shift.signal, () => examine(store, tally, shift));
      }
    },
  };
}

async function lookUp(
  { store, images }: { readonly store: CacheStore; readonly images: readonly CachedImage[] },
  { monitor, evictor }: InvalidStepOptions,
  { tally, signal }: { readonly tally: Tally; readonly signal: AbortSignal },
): Promise<Judged[]> {
  const judged: Judged[] = [];
  const queue = [...images];
  const work = async (): Promise<void> => {
    for (let image = queue.shift(); image !== undefined; image = queue.shift()) {
      signal.throwIfAborted();
      const next = image;
      // An identifier that the source refuses is not a source that is not available.
      await tolerate(tally, signal, async () => {
        const seen = await evictor.generations(next.identifier);
        judged.push({ store, image: next, seen, state: await monitor.current(next.identifier) });
      });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return judged;
}

function reasonToStop(judged: readonly Judged[]): string | undefined {
  const share = (status: SourceState['status']): number => judged.filter(({ state }) => state.status === status).length;
  if (share('unavailable') > 0) return 'the source is not available';
  const missing = share('missing');
  if (judged.length < SMALLEST_SAMPLE || missing <= judged.length * SUSPICIOUS_SHARE) return undefined;
  return `${missing} of ${judged.length} images are missing; is the source what it was?`;
}

function isValid({ image, state }: Judged, { evictMissing }: InvalidStepOptions): boolean {
  if (state.status === 'missing') return !evictMissing;
  return state.status !== 'found' || changedEntries(image, state.stamp).length === 0;
}

/** The keys of entries that were made from another state of the source image, or nobody knows from which. */
function changedEntries({ entries }: CachedImage, stamp: SourceStamp): readonly EntryKey[] {
  return entries.filter(({ source }) => source === undefined || !sameStamp(source, stamp)).map(({ key }) => key);
}

/** It may have been rendered anew since it was listed; from now on, its generation tells. */
async function isStillChanged({ store, image }: Judged, stamp: SourceStamp): Promise<boolean> {
  for (const key of changedEntries(image, stamp)) {
    const entry = await store.stat(key);
    if (entry !== undefined && (entry.meta.source === undefined || !sameStamp(entry.meta.source, stamp))) return true;
  }
  return false;
}

async function evict(judged: Judged, { evictor }: InvalidStepOptions, tally: Tally): Promise<void> {
  const { image, state, seen } = judged;
  if (state.status === 'found' && !(await isStillChanged(judged, state.stamp))) return;
  const counts = await evictor.evict(image.identifier, state.status === 'found' ? 'changed' : 'missing', seen);
  tally.removed += counts.infos + counts.variants + counts.sources;
  tally.bytes += counts.bytes;
}

/** What would be evicted, of the kind that the image was found by. */
function count({ image }: Judged, tally: Tally): Promise<void> {
  tally.removed += image.entries.length;
  tally.bytes += image.bytes;
  return Promise.resolve();
}
