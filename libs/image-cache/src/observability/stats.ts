import { SERVED_OUTCOMES, type CacheEvents, type ServedOutcome, type ServedTier, type Tier } from './events.js';
import { sourceFailureOf, type SourceFailure } from './source-failure.js';

/** Hits and misses of a tier since the start. */
export interface TierStats {
  readonly hits: number;
  readonly misses: number;
}

/** Counters since the start. */
export interface CacheCounters {
  readonly tiers: Readonly<Record<Tier, TierStats>>;
  /** Requests that were answered, by what they were for and how. */
  readonly served: Readonly<Record<ServedTier, Readonly<Record<ServedOutcome, number>>>>;
  /** Renders that ended well. */
  readonly renders: number;
  readonly renderFailures: number;
  /** Originals that were fetched from their source, and their bytes. */
  readonly fetches: number;
  readonly fetchedBytes: number;
  /** How often a source was asked whether an original that is kept is still good. */
  readonly revalidations: number;
  /** Variants that were served past their time, while they were rendered anew. */
  readonly servedStale: number;
  /** Variants that are served past their time, and could not be rendered anew. */
  readonly renewFailures: number;
  /** Requests served by another one's render. */
  readonly collapsed: number;
  /** How often another process was waited for, which was making what was not found. */
  readonly awaited: number;
  /** Requests refused because too many renders waited. */
  readonly overloaded: number;
  /** Requests refused because their client asked for more at a time than one may. */
  readonly limited: number;
  readonly stored: number;
  /** Rendered and served, but not stored, by reason. */
  readonly notStored: Readonly<Record<string, number>>;
  /** Responses that are for their own request alone, by reason. */
  readonly uncacheable: Readonly<Record<string, number>>;
  /** Entries evicted, by reason. */
  readonly evicted: Readonly<Record<string, number>>;
  /** Failed calls, by store and operation. */
  readonly storeFailures: Readonly<Record<string, number>>;
  /** What stores found and dealt with, by kind. */
  readonly incidents: Readonly<Record<string, number>>;
  /** Variants that could not be rendered or stored beforehand. */
  readonly warmFailures: number;
  /** Images of which all was cached beforehand that was to be. */
  readonly prefetched: number;
  /** How often an image could not be cached beforehand. */
  readonly prefetchFailures: number;
  /** Evictions that `onEvict` was told of. */
  readonly told: number;
  /** Evictions that `onEvict` could not be told of. */
  readonly untold: number;
  /** Changes that operators have made. */
  readonly managed: number;
  /** What operators wanted and what failed. */
  readonly managementFailures: number;
  /** Requests to manage the cache that were refused, by reason. */
  readonly managementRefused: Readonly<Record<string, number>>;
  /** How often a source did not tell about an image, by how it failed. */
  readonly sourceFailures: Readonly<Record<SourceFailure, number>>;
  readonly backgroundFailures: number;
}

type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> };

/** Counts what the events tell. */
export class CacheStats {
  readonly #counters: Mutable<CacheCounters> = {
    tiers: { 'heap-info': nothing(), info: nothing(), variant: nothing(), source: nothing() },
    served: { info: noneServed(), variant: noneServed() },
    renders: 0,
    renderFailures: 0,
    fetches: 0,
    fetchedBytes: 0,
    revalidations: 0,
    servedStale: 0,
    renewFailures: 0,
    collapsed: 0,
    awaited: 0,
    overloaded: 0,
    limited: 0,
    stored: 0,
    notStored: {},
    uncacheable: {},
    evicted: {},
    storeFailures: {},
    incidents: {},
    warmFailures: 0,
    prefetched: 0,
    prefetchFailures: 0,
    told: 0,
    untold: 0,
    managed: 0,
    managementFailures: 0,
    managementRefused: {},
    sourceFailures: { timeout: 0, unreachable: 0, refused: 0 },
    backgroundFailures: 0,
  };

  constructor(events: CacheEvents) {
    this.#countRequests(events);
    this.#countReasons(events);
    this.#countUpkeep(events);
  }

  /** The counters as they are now. */
  snapshot(): CacheCounters {
    return structuredClone(this.#counters);
  }

  #countRequests(events: CacheEvents): void {
    const counters = this.#counters;
    events.on('hit', ({ tier }) => (counters.tiers[tier].hits += 1));
    events.on('miss', ({ tier }) => (counters.tiers[tier].misses += 1));
    events.on('served', ({ tier, outcome }) => (counters.served[tier][outcome] += 1));
    events.on('rendered', () => (counters.renders += 1));
    events.on('render-failed', () => (counters.renderFailures += 1));
    events.on('served-stale', () => (counters.servedStale += 1));
    events.on('renew-failed', () => (counters.renewFailures += 1));
    events.on('fetched', ({ bytes }) => {
      counters.fetches += 1;
      counters.fetchedBytes += bytes;
    });
    events.on('revalidated', () => (counters.revalidations += 1));
    events.on('collapsed', () => (counters.collapsed += 1));
    events.on('awaited', () => (counters.awaited += 1));
    events.on('overloaded', () => (counters.overloaded += 1));
    events.on('limited', () => (counters.limited += 1));
    events.on('stored', () => (counters.stored += 1));
  }

  #countReasons(events: CacheEvents): void {
    const counters = this.#counters;
    events.on('not-stored', ({ reason }) => {
      add(counters.notStored, reason, 1);
    });
    events.on('uncacheable', ({ reason }) => {
      add(counters.uncacheable, reason, 1);
    });
    events.on('evicted', ({ reason, counts }) => {
      add(counters.evicted, reason, counts.infos + counts.variants + counts.sources);
    });
    events.on('store-failed', ({ store, operation }) => {
      add(counters.storeFailures, `${store} ${operation}`, 1);
    });
    events.on('incident', ({ incident }) => {
      add(counters.incidents, incident.kind, 1);
    });
  }

  #countUpkeep(events: CacheEvents): void {
    const counters = this.#counters;
    events.on('warm-failed', () => (counters.warmFailures += 1));
    events.on('prefetched', () => (counters.prefetched += 1));
    events.on('prefetch-failed', () => (counters.prefetchFailures += 1));
    events.on('told', () => (counters.told += 1));
    events.on('telling-failed', ({ isGivenUp }) => (counters.untold += isGivenUp ? 1 : 0));
    events.on('managed', () => (counters.managed += 1));
    events.on('management-failed', () => (counters.managementFailures += 1));
    events.on('management-refused', ({ reason }) => {
      add(counters.managementRefused, reason, 1);
    });
    events.on('source-unavailable', ({ error }) => (counters.sourceFailures[sourceFailureOf(error)] += 1));
    events.on('background-failed', () => (counters.backgroundFailures += 1));
  }
}

function nothing(): TierStats {
  return { hits: 0, misses: 0 };
}

function add(counters: Record<string, number>, name: string, count: number): void {
  counters[name] = (counters[name] ?? 0) + count;
}

function noneServed(): Record<ServedOutcome, number> {
  const none: Partial<Record<ServedOutcome, number>> = {};
  for (const outcome of SERVED_OUTCOMES) none[outcome] = 0;
  return none as Record<ServedOutcome, number>;
}
