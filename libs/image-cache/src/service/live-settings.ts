import { isDeepStrictEqual } from 'node:util';
import { parseMemorySize } from '../common/memory-limit.js';
import { invalidOption, refuseUnknownKeys } from '../common/options.js';
import { parseDuration } from '../common/units.js';
import type { CacheEventMap } from '../observability/events.js';
import type { Kind } from '../ports/entry.js';
import type { ResizableStore } from '../stores/heap/heap-store.js';
import type { FreshnessOptions } from '../tiers/freshness.js';
import type { TierStores } from './build-stores.js';
import type { LiveOptions } from './image-cache.js';
import { HEAP, HOT, memoryParts, requireMemory } from './memory-budget.js';
import type { ResolvedOptions } from './resolve-options.js';
import { resolveWorker } from './resolve-worker.js';

/** What {@link LiveSettings} begin with. */
export interface LiveSettingsOptions {
  readonly options: ResolvedOptions;
  readonly stores: TierStores;
}

type Aging = { -readonly [Field in keyof FreshnessOptions]: number };

/** A change that has been checked. */
interface Change {
  readonly key: keyof LiveOptions;
  /** The path of the option. */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
  apply(): void;
  /** The part of the memory that gets another size. */
  readonly memory?: { readonly name: string; readonly bytes: number };
}

const KEYS: readonly (keyof LiveOptions)[] = ['hot', 'targetSize', 'ttl', 'staleness', 'sourceStaleness', 'worker'];

const TIERS = ['info', 'variant', 'source'] as const satisfies readonly Kind[];

/** The settings that can be changed while the cache is in use. Tiers read them with every request. */
export class LiveSettings {
  /** An original that is too old is asked about, and stays. */
  readonly freshness: { readonly info: Aging; readonly variant: Aging; readonly source: Aging };
  /** For how long the source of an original is not asked. */
  readonly validity: { staleness: number };
  readonly #options: LiveSettingsOptions;
  #worker: ResolvedOptions['worker'];
  /** How the worker was set when it was switched off. */
  #resting: ResolvedOptions['worker'];

  constructor(options: LiveSettingsOptions) {
    this.#options = options;
    this.#worker = options.options.worker;
    const { ttl, staleness } = options.options.variant ?? FOR_EVER;
    const { sources } = options.options;
    const { infoFreshness: info } = options.stores;
    this.freshness = {
      info: { ttl: info.ttl, staleness: info.staleness },
      variant: { ttl, staleness },
      source: { ttl: sources?.ttl ?? 0, staleness: 0 },
    };
    this.validity = { staleness: sources?.staleness ?? 0 };
  }

  get worker(): ResolvedOptions['worker'] {
    return this.#worker;
  }

  /**
   * Changes all that is asked for, or nothing.
   *
   * @returns the keys whose values are other ones now, and these values
   * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with the full path of the option
   */
  change(options: LiveOptions): CacheEventMap['configured'] {
    refuseUnknownKeys(options, KEYS, 'configure');
    const { hot, heap } = this.#options.stores;
    const changes = [
      ...resize('hot', options.hot, { store: hot, part: HOT }),
      ...resize('targetSize', options.targetSize, { store: heap, part: HEAP }),
      ...this.#ttl(options.ttl),
      ...this.#age('staleness', options.staleness, { tier: 'variant', aging: this.freshness.variant }),
      ...this.#age('sourceStaleness', options.sourceStaleness, { tier: 'source', aging: this.validity }),
      ...this.#shifts(options.worker),
    ];
    this.#requireMemory(changes);
    for (const change of changes) change.apply();
    const values = changes.map(({ path, from, to }) => [path, { from, to }] as const);
    return { changed: [...new Set(changes.map(({ key }) => key))], options: Object.fromEntries(values) };
  }

  #requireMemory(changes: readonly Change[]): void {
    const { options, stores } = this.#options;
    const sizes = new Map(changes.flatMap(({ memory }) => (memory ? [[memory.name, memory.bytes]] : [])));
    const parts = memoryParts(options, stores);
    const isMore = parts.some(({ name, bytes }) => (sizes.get(name) ?? 0) > bytes);
    const changed = parts.map(({ name, bytes }) => ({ name, bytes: sizes.get(name) ?? bytes }));
    if (isMore) requireMemory(changed, 'configure');
  }

  #ttl(ttl: LiveOptions['ttl']): readonly Change[] {
    if (ttl === undefined) return [];
    refuseUnknownKeys(ttl, TIERS, 'configure.ttl');
    return TIERS.flatMap((tier) => {
      const path = `configure.ttl.${tier}`;
      const aging = this.freshness[tier];
      return this.#time(ttl[tier], { tier, path }, (time) =>
        aging.ttl === time
          ? []
          : [{ key: 'ttl', path: `ttl.${tier}`, from: aging.ttl, to: time, apply: () => void (aging.ttl = time) }],
      );
    });
  }

  #age(
    key: 'staleness' | 'sourceStaleness',
    value: unknown,
    { tier, aging }: { readonly tier: Kind; readonly aging: { staleness: number } },
  ): readonly Change[] {
    return this.#time(value, { tier, path: `configure.${key}` }, (time) =>
      aging.staleness === time
        ? []
        : [{ key, path: key, from: aging.staleness, to: time, apply: () => void (aging.staleness = time) }],
    );
  }

  #time(
    value: unknown,
    { tier, path }: { readonly tier: Kind; readonly path: string },
    changes: (time: number) => readonly Change[],
  ): readonly Change[] {
    if (value === undefined) return [];
    const time = parseDuration(value, path);
    if (this.#options.stores[tier] === undefined)
      throw invalidOption(path, `the cache was made without a store for ${tier}s.`);
    return changes(time);
  }

  #shifts(options: LiveOptions['worker']): readonly Change[] {
    if (options === undefined) return [];
    const current = this.#worker;
    const worker = resolveWorker(options, 'configure.worker', current ?? this.#resting);
    if (isDeepStrictEqual(worker, current)) return [];
    const apply = (): void => {
      this.#resting = current;
      this.#worker = worker;
    };
    return [{ key: 'worker', path: 'worker', from: current ?? false, to: worker ?? false, apply }];
  }
}

const FOR_EVER = { ttl: 0, staleness: 0 } as const;

function resize(
  key: 'hot' | 'targetSize',
  value: LiveOptions['hot'],
  { store, part: name }: { readonly store: ResizableStore | undefined; readonly part: string },
): readonly Change[] {
  if (value === undefined) return [];
  const path = `configure.${key}`;
  if (store === undefined) throw invalidOption(path, 'the cache was made without such a heap store.');
  const bytes = parseMemorySize(value, path);
  const from = store.maxSize;
  if (bytes === from) return [];
  const apply = (): void => {
    store.resize(bytes);
  };
  return [{ key, path: key, from, to: bytes, apply, memory: { name, bytes } }];
}
