import type { UncacheableReason } from '../common/not-cacheable.js';
import type { StepProgress, StepReport, StoreIncident } from '../ports/cache-store.js';
import type { EvictedCounts } from '../ports/entry.js';
import type { EvictionNotice } from '../ports/eviction-hook.js';

/** Names of the tiers. */
export type Tier = 'heap-info' | 'info' | 'variant' | 'source';

/** Who manages the cache, and what. */
export interface Management {
  /** Who; `undefined` when nobody knows. */
  readonly who: string | undefined;
  /** Address of the client, as the framework takes it from a proxy that it trusts; `undefined` when nobody knows. */
  readonly client?: string | undefined;
  /** What is done: `evict`, `purge`, `sweep`. */
  readonly what: string;
  /** An image, or a part of the cache. */
  readonly target?: string;
  /** The first of several images; `counts.images` says how many there are. */
  readonly targets?: readonly string[];
}

/** A change that an operator has made. */
export interface ManagedChange extends Management {
  /** What came of it. */
  readonly counts?: Readonly<Record<string, number>>;
  /** Options that have other values now. */
  readonly options?: ChangedOptions;
  /** Whether it was ended before it was through. */
  readonly isPartial?: boolean;
}

/** Something that an operator wanted and that failed, perhaps midway. */
export interface ManagementFailure extends Management {
  readonly error: unknown;
}

/** Values of options before and after, by the path of the option; times in milliseconds, sizes in bytes. */
export type ChangedOptions = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

/** A request to manage the cache that was refused before it changed anything. */
export interface ManagementRefusal {
  /** Address of the client. */
  readonly client: string | undefined;
  readonly reason: 'anonymous' | 'credentials' | 'too-many' | 'cross-site' | 'media-type' | 'too-large' | 'malformed';
}

/** Tiers whose entries are answers to requests. */
export type ServedTier = Extract<Tier, 'info' | 'variant'>;

/** How requests are answered, in one word each. */
export const SERVED_OUTCOMES = [
  'hit',
  'miss',
  'collapsed',
  'stale',
  'bypass',
  'not-modified',
  'client-error',
  'server-error',
  'aborted',
] as const;

/**
 * How a request was answered. `stale`: past its time, or nobody could tell whether it was good. `not-modified`: the
 * client has it. `aborted`: the client went away before there was an answer.
 */
export type ServedOutcome = (typeof SERVED_OUTCOMES)[number];

/** A request that has been answered. */
export interface ServedRequest {
  /** What it was for. */
  readonly tier: ServedTier;
  readonly outcome: ServedOutcome;
  /** Milliseconds with their fractions, from where guards have let it pass to where its body is handed over to be sent. */
  readonly duration: number;
  /** Of the body that the client has been told of; 0 where it has none. */
  readonly bytes: number;
}

/** Everything that the cache tells of, by name. */
export interface CacheEventMap {
  /** A tier had what was asked for. */
  readonly hit: { readonly tier: Tier; readonly identifier: string };
  /** A tier had not what was asked for, or nothing that was good. */
  readonly miss: { readonly tier: Tier; readonly identifier: string };
  /** A request was answered, by whatever tier or by an error. */
  readonly served: ServedRequest;
  /** A variant was served past its time, while it is rendered anew. */
  readonly 'served-stale': { readonly identifier: string };
  /** A variant that is served past its time could not be rendered anew. */
  readonly 'renew-failed': { readonly identifier: string; readonly error: unknown };
  /** A request was served by another one's render. */
  readonly collapsed: { readonly identifier: string };
  /** Another process is making what was not found: it is waited for. */
  readonly awaited: { readonly tier: Tier; readonly identifier: string };
  /** A render has ended; milliseconds. */
  readonly rendered: { readonly identifier: string; readonly duration: number };
  /** A render has failed. */
  readonly 'render-failed': { readonly identifier: string; readonly error: unknown };
  /** A render was refused because too many wait, or waited for too long. */
  readonly overloaded: { readonly identifier: string; readonly error: unknown };
  /** A request was refused because its client asks for more at a time than one may. */
  readonly limited: { readonly identifier?: string; readonly client?: string; readonly error: unknown };
  /** An original was fetched; milliseconds. */
  readonly fetched: { readonly identifier: string; readonly bytes: number; readonly duration: number };
  /** An original whose time was over was asked about at its source. */
  readonly revalidated: { readonly identifier: string; readonly isChanged: boolean };
  /** An entry has been published. */
  readonly stored: { readonly tier: Tier; readonly identifier: string; readonly bytes: number };
  /** An entry was made and served, and not stored. */
  readonly 'not-stored': {
    readonly tier: Tier;
    readonly identifier: string;
    readonly reason: 'fenced' | 'source-changed' | 'failed' | 'no-reservation' | 'too-large' | 'busy';
    readonly error?: unknown;
  };
  /** Entries were evicted. */
  readonly evicted: { readonly reason: string; readonly identifier?: string; readonly counts: EvictedCounts };
  /** `onEvict` was told of an eviction. */
  readonly told: { readonly notice: EvictionNotice; readonly attempts: number };
  /** `onEvict` could not be told of an eviction: it is tried again, or given up. */
  readonly 'telling-failed': {
    readonly notice: EvictionNotice;
    readonly error: unknown;
    readonly attempts: number;
    readonly isGivenUp: boolean;
  };
  /** The source could not tell whether there is an image. */
  readonly 'source-unavailable': { readonly identifier: string; readonly error: unknown };
  /** A call to a store failed. */
  readonly 'store-failed': { readonly store: string; readonly operation: string; readonly error: unknown };
  /** Reads, writes or leases of a store are left out for a while, or are taken up again. */
  readonly 'store-breaker': {
    readonly store: string;
    readonly path: 'reads' | 'writes' | 'leases';
    readonly open: boolean;
  };
  /** A store found something wrong and dealt with it. */
  readonly incident: { readonly store: string; readonly incident: StoreIncident };
  /** A response of a route cannot be stored, and why; the message says it in words. */
  readonly uncacheable: { readonly route: string; readonly reason: UncacheableReason; readonly message: string };
  /** A step of maintenance goes on; told now and then. */
  readonly progress: { readonly progress: StepProgress };
  /** A step of maintenance has ended. */
  readonly step: { readonly report: StepReport; readonly dryRun: boolean };
  /** A variant could not be rendered or stored beforehand. */
  readonly 'warm-failed': { readonly identifier: string; readonly operations: string; readonly error: unknown };
  /** All that was to be cached of an image before anybody asks is there; how much of it was not before. */
  readonly prefetched: {
    readonly identifier: string;
    readonly rendered: number;
    readonly cached: number;
    /** Variants that the image cannot have. */
    readonly omitted: number;
    /** Milliseconds. */
    readonly duration: number;
  };
  /** An image could not be cached beforehand: it is tried again, or given up. */
  readonly 'prefetch-failed': {
    readonly identifier: string;
    readonly error: unknown;
    readonly attempts: number;
    readonly isGivenUp: boolean;
  };
  /** Options were changed while the cache is in use: their keys in `LiveOptions`, and their values. */
  readonly configured: { readonly changed: readonly string[]; readonly options: ChangedOptions };
  /** An operator has changed something. */
  readonly managed: ManagedChange;
  /** What an operator wanted has failed. */
  readonly 'management-failed': ManagementFailure;
  /** Somebody was not let manage the cache. */
  readonly 'management-refused': ManagementRefusal;
  /** Something failed that nobody waits for. */
  readonly 'background-failed': { readonly what: string; readonly error: unknown };
}

/** What those who work with the cache from outside tell of. */
export type OuterEvent = 'served' | 'prefetched' | 'prefetch-failed' | 'management-failed' | 'background-failed';

/** Name of an event. */
export type CacheEvent = keyof CacheEventMap;

/** Listens to an event. */
export type CacheEventListener<E extends CacheEvent> = (payload: CacheEventMap[E]) => void;

/** Tells listeners what happens. A listener that throws harms neither the request nor the other listeners. */
export class CacheEvents {
  readonly #listeners = new Map<CacheEvent, Set<(payload: never) => void>>();

  /** Adds a listener; call the result to take it away. */
  on<E extends CacheEvent>(event: E, listener: CacheEventListener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  emit<E extends CacheEvent>(event: E, payload: CacheEventMap[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        (listener as CacheEventListener<E>)(payload);
      } catch (error) {
        if (event !== 'background-failed') this.emit('background-failed', { what: `a listener of ${event}`, error });
      }
    }
  }
}
