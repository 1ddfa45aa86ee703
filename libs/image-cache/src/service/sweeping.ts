import { invalidOption } from '../common/options.js';
import { makeSteps, SWEEP_STEPS, type StepsOptions } from '../maintenance/steps.js';
import { sweepInTurn } from '../maintenance/sweep-turn.js';
import { sweep, type SweepOptions as Sweeping, type SweepReport, type SweepStep } from '../maintenance/sweep.js';
import type { CacheEvents } from '../observability/events.js';
import type { CacheStore } from '../ports/cache-store.js';
import type { FreshnessOptions } from '../tiers/freshness.js';
import { TOUCH_INTERVAL } from '../tiers/touch-buffer.js';
import type { SweepOptions } from './image-cache.js';
import type { ServingStore } from './listing.js';
import type { ResolvedOptions } from './resolve-options.js';
import { resolveRate } from './resolve-worker.js';

/** What sweeping depends on. */
export interface SweepingOptions extends Omit<StepsOptions, 'margin' | 'stallOf' | 'evictMissing'> {
  readonly events: CacheEvents;
  readonly options: ResolvedOptions;
  /** What is kept in which store. */
  readonly serving: readonly ServingStore[];
}

/**
 * Sweeps the stores that no other process is sweeping.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`
 */
export async function sweepShift(how: SweepOptions, options: SweepingOptions): Promise<SweepReport> {
  // To have a turn is written down, and counting disturbs nobody.
  if (how.dryRun === true) return sweepAtOnce(how, options);
  return sweepInTurn(options.stores, stepsOf(how, options), sweepingOf(how, options));
}

/**
 * Sweeps the stores, whoever else does.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`
 */
export async function sweepAtOnce(how: SweepOptions, options: SweepingOptions): Promise<SweepReport> {
  return sweep(stepsOf(how, options)(options.stores), sweepingOf(how, options));
}

function stepsOf(
  { steps }: SweepOptions,
  { options, ...parts }: SweepingOptions,
): (stores: readonly CacheStore[]) => readonly SweepStep[] {
  for (const name of steps ?? []) {
    if (SWEEP_STEPS.includes(name)) continue;
    throw invalidOption(
      'sweep.steps',
      `there is no step ${JSON.stringify(name)}; there are ${SWEEP_STEPS.join(', ')}.`,
    );
  }
  const { evictMissing, resolveFirst } = options;
  // In aggressive mode, the source is asked only by those who say so.
  const asksSource = resolveFirst || evictMissing || steps?.includes('invalid') === true;
  const names = (steps ?? SWEEP_STEPS).filter((name) => name !== 'invalid' || asksSource);
  const freshness = { ...parts.freshness, variant: keptFor(parts.freshness.variant, options.variant?.stale ?? 0) };
  const rest = { freshness, evictMissing, margin: 2 * TOUCH_INTERVAL, stallOf: stallOf(options, parts.serving) };
  return (stores) => makeSteps(names, { ...parts, ...rest, stores });
}

/** Originals may take longer to come than pictures; a store that has both gives each as much time as either. */
function stallOf({ stall, sources }: ResolvedOptions, serving: readonly ServingStore[]): (store: CacheStore) => number {
  const ofOriginals = sources?.stall ?? stall;
  return (store) => {
    const kinds = serving.find((each) => each.store === store)?.kinds ?? [];
    const stalls = kinds.map((kind) => (kind === 'source' ? ofOriginals : stall));
    return Math.max(...(stalls.length > 0 ? stalls : [stall]));
  };
}

/** What may be served past its time is kept for as long. */
function keptFor({ ttl, staleness }: FreshnessOptions, stale: number): FreshnessOptions {
  return { ttl: ttl && ttl + stale, staleness: staleness && staleness + stale };
}

function sweepingOf({ signal, dryRun, rate = {}, onProgress }: SweepOptions, options: SweepingOptions): Sweeping {
  const { events, clock } = options;
  return { signal, dryRun, rate: resolveRate(rate, 'sweep.rate'), onProgress, events, clock };
}
