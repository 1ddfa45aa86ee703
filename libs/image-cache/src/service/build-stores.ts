import { invalidOption } from '../common/options.js';
import type { CacheEvents } from '../observability/events.js';
import type { CacheStore, StoreContext, StoreFactory } from '../ports/cache-store.js';
import type { Evicted } from '../ports/entry.js';
import type { StoreOperation } from '../stores/delegating-store.js';
import { heapStore, type ResizableStore } from '../stores/heap/heap-store.js';
import { ObservedStore } from '../stores/observed-store.js';
import { ResilientStore } from '../stores/resilient-store.js';
import { TieredStore } from '../stores/tiered-store.js';
import type { FreshnessOptions } from '../tiers/freshness.js';
import { ELSEWHERE } from '../tiers/image-evictor.js';
import { makeChecked } from './make-checked.js';
import { DEFAULT_INFO, type ResolvedOptions } from './resolve-options.js';

/** The stores of the tiers, made and wired. */
export interface TierStores {
  readonly info: CacheStore | undefined;
  readonly infoFreshness: FreshnessOptions;
  readonly variant: CacheStore | undefined;
  /** Keeps files. */
  readonly source: CacheStore | undefined;
  /** Each store once, the upper levels included in those they stand in front of. */
  readonly distinct: readonly CacheStore[];
  /** The heap level in front of the variants' store. */
  readonly hot: ResizableStore | undefined;
  /** The variants' store, when it is in the heap. */
  readonly heap: ResizableStore | undefined;
  /** The infos' store, when it is in the heap and not the variants'. */
  readonly infoHeap: ResizableStore | undefined;
  readonly warnings: readonly string[];
}

/** Failures in a row after which a store is left alone. */
const FAILURES = 3;

/** Milliseconds for which it is left alone. */
const COOLDOWN = 5000;

/** Makes the stores that the options name; the same factory for two tiers makes one store for both. */
export function buildStores(options: ResolvedOptions, events: CacheEvents): TierStores {
  const { variant, clock, maxBufferedEntry } = options;
  const made = new Map<StoreFactory, MadeStore>();
  const make = (factory: StoreFactory, path: string): MadeStore => {
    const known = made.get(factory);
    if (known !== undefined) return known;
    const store = makeStore(factory, { options, events, path });
    made.set(factory, store);
    return store;
  };
  const factory = variant && (variant.store ?? heapStore());
  const base = factory && make(factory, 'imageCache.variant.store');
  const info = infoOf(options, factory, base?.store);
  const infoBase = info?.store && make(info.store, 'imageCache.info.store');
  const source = sourceOf(options, { base, make });
  const hot = variant && variant.hot > 0 ? heapStore({ maxSize: variant.hot }) : undefined;
  const hotStore = hot?.({ clock, maxBufferedEntry, report: reporter('HeapCache', events) });
  const onDropped = (counts: Evicted): void => {
    if (counts.variants > 0) events.emit('evicted', { reason: ELSEWHERE, counts });
  };
  const variants = base && hotStore ? new TieredStore(hotStore, base.store, onDropped) : base?.store;
  const others = [infoBase?.store, source].filter((store) => store !== base?.store);
  const distinct = [variants, ...new Set(others)];
  return {
    info: infoBase?.store,
    infoFreshness: info ?? DEFAULT_INFO,
    variant: variants,
    source,
    distinct: distinct.filter((store) => store !== undefined),
    hot: hotStore,
    heap: resizable(base),
    infoHeap: infoBase === base ? undefined : resizable(infoBase),
    warnings: warningsOf(info !== undefined, base?.store),
  };
}

interface MadeStore {
  readonly inner: CacheStore;
  readonly store: CacheStore;
}

/** A store of this process needs no deadlines: nothing in it waits. */
function makeStore(
  factory: StoreFactory,
  { options, events, path }: { options: ResolvedOptions; events: CacheEvents; path: string },
): MadeStore {
  const { clock, maxBufferedEntry, stores } = options;
  const context: StoreContext = {
    clock,
    maxBufferedEntry,
    report: (incident) => {
      report(incident);
    },
    pruned: (counts) => {
      events.emit('evicted', { reason: 'bounds', counts });
    },
  };
  const inner = makeChecked(factory, context, path);
  const report = reporter(inner.name, events);
  if (!inner.features.shared && !inner.features.persistent) return { inner, store: inner };
  const onFailure = (operation: StoreOperation, error: unknown): void => {
    events.emit('store-failed', { store: inner.name, operation, error });
  };
  const observed = new ObservedStore(inner, {
    clock,
    onCall: ({ operation, error }) => {
      if (error !== undefined) onFailure(operation, error);
    },
  });
  const store = new ResilientStore(observed, {
    ...stores,
    clock,
    failures: FAILURES,
    cooldown: COOLDOWN,
    onTimeout: onFailure,
    onChange: (path, open) => {
      events.emit('store-breaker', { store: inner.name, path, open });
    },
  });
  return { inner, store };
}

function reporter(store: string, events: CacheEvents): StoreContext['report'] {
  return (incident) => {
    events.emit('incident', { store, incident });
  };
}

/** A variant can only be found by its canonical operations, and those need the info: it has to last as long. */
function infoOf(
  { info }: ResolvedOptions,
  variantStore: StoreFactory | undefined,
  base: CacheStore | undefined,
): (FreshnessOptions & { readonly store: StoreFactory | undefined }) | undefined {
  if (info === undefined) return undefined;
  const settings = info === 'default' ? DEFAULT_INFO : info;
  if (settings.store !== undefined) return settings;
  const inherited = base?.features.persistent === true || info !== 'default' ? variantStore : undefined;
  return inherited && { ...settings, store: inherited };
}

/** Decoders read files: an original in memory would have to be written to one for every use. */
function sourceOf(
  { sources }: ResolvedOptions,
  { base, make }: { base: MadeStore | undefined; make: (factory: StoreFactory, path: string) => MadeStore },
): CacheStore | undefined {
  if (sources === undefined) return undefined;
  const path = 'imageCache.sources.store';
  const made = sources.store === undefined ? base : make(sources.store, path);
  if (made?.inner.openFile !== undefined) return made.store;
  const what = made === undefined ? 'there is no variants’ store to share' : `${made.inner.name} keeps no files`;
  throw invalidOption(path, `${what}; use filesystemStore(…).`);
}

function warningsOf(hasInfo: boolean, variants: CacheStore | undefined): readonly string[] {
  if (hasInfo || variants?.features.persistent !== true) return [];
  return [
    'The variants outlive the process and the infos do not: after a restart, sources are read before variants are found.',
  ];
}

function resizable(made: MadeStore | undefined): ResizableStore | undefined {
  return made !== undefined && isResizable(made.inner) ? made.inner : undefined;
}

function isResizable(store: CacheStore): store is ResizableStore {
  return 'resize' in store;
}
