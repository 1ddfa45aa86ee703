import type { CacheStore, Expiry } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import type { Kind, ListedEntry } from '../ports/entry.js';
import { freshnessOf, type FreshnessOptions } from '../tiers/freshness.js';
import { does, maintain } from './store-step.js';
import { tolerate, type Shift, type SweepStep, type Tally } from './sweep.js';

/** What {@link expiredStep} depends on. */
export interface ExpiredStepOptions {
  readonly stores: readonly CacheStore[];
  readonly freshness: Readonly<Record<Kind, FreshnessOptions>>;
  /** Milliseconds for which an access may not have been written yet. */
  readonly margin: number;
  readonly clock: Clock;
  /** Milliseconds after which an unfinished write in a store is abandoned. */
  readonly stallOf: (store: CacheStore) => number;
}

/**
 * Takes away what nobody has asked for within its time to live, and what is too old to be served. A store that has a
 * better way than going through its entries does it itself.
 */
export function expiredStep(options: ExpiredStepOptions): SweepStep {
  const { stores, stallOf } = options;
  return {
    name: 'expired',
    run: async (tally, shift) => {
      for (const store of stores) {
        const examine = (): Promise<void> =>
          does(store, 'expired')
            ? maintain(store, 'expired', { tally, shift, stall: stallOf(store), expiry: expiryOf(options) })
            : goThrough(store, options, { tally, shift });
        if (store.features.enumerable) await tolerate(tally, shift.signal, examine);
      }
    },
  };
}

function expiryOf({ freshness, margin }: ExpiredStepOptions): Readonly<Record<Kind, Expiry>> {
  const of = ({ ttl, staleness }: FreshnessOptions): Expiry => ({ idle: ttl === 0 ? 0 : ttl + margin, staleness });
  return { info: of(freshness.info), variant: of(freshness.variant), source: of(freshness.source) };
}

async function goThrough(
  store: CacheStore,
  { freshness, margin, clock }: ExpiredStepOptions,
  { tally, shift }: { readonly tally: Tally; readonly shift: Shift },
): Promise<void> {
  const { signal, dryRun } = shift;
  const isOver = ({ key, meta, lastAccess }: ListedEntry): boolean => {
    const age = { createdAt: meta.createdAt, lastAccess: lastAccess + margin };
    return freshnessOf(age, { status: 'unknown' }, clock.now(), freshness[key.kind]) !== 'fresh';
  };
  for await (const entry of store.entries({ signal })) {
    tally.examined += 1;
    shift.progress();
    if (!isOver(entry)) continue;
    await tolerate(tally, signal, async () => {
      // It may have been asked for, or rendered anew, since it was listed.
      const latest = await store.stat(entry.key);
      if (latest === undefined || !isOver(latest)) return;
      if (dryRun) {
        tally.removed += 1;
        tally.bytes += latest.meta.size;
        return;
      }
      const { bytes, infos, variants, sources } = await store.delete(entry.key);
      tally.removed += infos + variants + sources;
      tally.bytes += bytes;
    });
  }
}
