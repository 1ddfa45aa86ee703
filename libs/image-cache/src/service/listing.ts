import { invalidOption, shown } from '../common/options.js';
import { groupOf } from '../keys/entry-keys.js';
import type { CacheStore } from '../ports/cache-store.js';
import type { Kind, ListedEntry, Usage } from '../ports/entry.js';
import type { TierStores } from './build-stores.js';
import type { EntriesOptions, StoreState } from './image-cache.js';

const KINDS: readonly Kind[] = ['info', 'source', 'variant'];

/** A store, and the kinds of entries that the cache keeps there. */
export interface ServingStore {
  readonly store: CacheStore;
  readonly kinds: readonly Kind[];
}

/** The distinct stores with what they are for; infos and originals may be in the one below the variants' hot level. */
export function servingStores({ info, source, variant, distinct }: TierStores): readonly ServingStore[] {
  const placeOf = (own: CacheStore | undefined): CacheStore | undefined =>
    distinct.find((store) => store === own) ?? variant;
  const places = { info: placeOf(info), source: placeOf(source), variant };
  return distinct.map((store) => ({ store, kinds: KINDS.filter((kind) => store === places[kind]) }));
}

interface ImageEntriesOptions extends EntriesOptions {
  readonly group?: string;
}

/**
 * Lists what the stores hold: one store after the other by id, all together by last access. A cursor holds where each of
 * them is.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when `after` is no cursor of such a listing,
 * `E_IMAGE_CACHE_UNSUPPORTED` when a store cannot list in this order, or none can list at all
 */
export async function* listEntries(stores: TierStores, options: ImageEntriesOptions): AsyncGenerator<ListedEntry> {
  const { order = 'id', after } = options;
  const listable = listableStores(stores, options.kind);
  const positions = positionsOf(after, listable.length);
  const listings = listable.map((serving, place) => new Listing(serving, { ...options, after: positions[place] }));
  try {
    for (;;) {
      const next = await nextOf(listings, order);
      const entry = next?.take();
      if (entry === undefined) return;
      yield { ...entry, cursor: cursorOf(listings) };
    }
  } finally {
    await Promise.all(listings.map((listing) => listing.end()));
  }
}

/** Whether a listing may be without some entries, since the index by which it is made does not know them yet. */
export function isListingPartial(stores: readonly StoreState[], { kind, order }: EntriesOptions): boolean {
  const concerned = stores.filter(({ kinds }) => kind === undefined || kinds.includes(kind));
  return order === 'lastAccess' && concerned.some(({ isIndexing }) => isIndexing);
}

/** All that is cached of an image. */
export async function entriesOf(stores: TierStores, identifier: string): Promise<readonly ListedEntry[]> {
  const entries: ListedEntry[] = [];
  for await (const entry of listEntries(stores, { group: groupOf(identifier) })) entries.push(entry);
  return entries;
}

/** What the stores hold of each kind. */
export async function usageOf(stores: TierStores): Promise<Record<Kind, Usage>> {
  const count = async (kind: Kind): Promise<Usage> => {
    const serving = servingStores(stores).filter(
      ({ store, kinds }) => store.features.enumerable && kinds.includes(kind),
    );
    const counted = await Promise.all(serving.map(({ store }) => store.usage(kind)));
    const sum = (field: keyof Usage): number => counted.reduce((all, each) => all + each[field], 0);
    return { entries: sum('entries'), bytes: sum('bytes') };
  };
  const [info, variant, source] = await Promise.all([count('info'), count('variant'), count('source')]);
  return { info, variant, source };
}

/** Stores that cannot list are left out where others can; alone, they say so themselves. */
function listableStores(stores: TierStores, kind: Kind | undefined): readonly ServingStore[] {
  const serving = servingStores(stores).filter(({ kinds }) => kind === undefined || kinds.includes(kind));
  const listable = serving.filter(({ store }) => store.features.enumerable);
  return listable.length > 0 ? listable : serving;
}

/** The listing of one store, one entry ahead. */
class Listing {
  readonly #kinds: readonly Kind[];
  readonly #entries: AsyncIterator<ListedEntry>;
  #position: string | undefined;
  #head: ListedEntry | undefined;
  #isThrough = false;

  constructor({ store, kinds }: ServingStore, { kind, ...options }: ListingOptions) {
    const [only, ...others] = kinds;
    const one = kind ?? (others.length === 0 ? only : undefined);
    const { after, ...rest } = options;
    const given = { ...rest, ...(after !== undefined && { after }), ...(one && { kind: one }) };
    this.#kinds = kinds;
    this.#position = after;
    this.#entries = store.entries(given)[Symbol.asyncIterator]();
  }

  /** Where a later listing goes on behind what has been taken. */
  get position(): string | undefined {
    return this.#position;
  }

  async peek(): Promise<ListedEntry | undefined> {
    while (this.#head === undefined && !this.#isThrough) {
      const next = await this.#entries.next();
      if (next.done === true) this.#isThrough = true;
      else if (this.#kinds.includes(next.value.key.kind)) this.#head = next.value;
    }
    return this.#head;
  }

  take(): ListedEntry | undefined {
    const taken = this.#head;
    this.#head = undefined;
    if (taken !== undefined) this.#position = taken.cursor;
    return taken;
  }

  async end(): Promise<void> {
    if (!this.#isThrough) await this.#entries.return?.();
  }
}

type ListingOptions = Omit<ImageEntriesOptions, 'after'> & { readonly after: string | undefined };

/** The listing that has the next entry at its head. */
async function nextOf(listings: readonly Listing[], order: 'id' | 'lastAccess'): Promise<Listing | undefined> {
  let next: { readonly listing: Listing; readonly lastAccess: number } | undefined;
  for (const listing of listings) {
    const head = await listing.peek();
    if (head === undefined) continue;
    if (order === 'id') return listing;
    if (next === undefined || head.lastAccess < next.lastAccess) next = { listing, lastAccess: head.lastAccess };
  }
  return next?.listing;
}

function cursorOf(listings: readonly Listing[]): string {
  return Buffer.from(JSON.stringify(listings.map(({ position }) => position ?? null))).toString('base64url');
}

function positionsOf(cursor: string | undefined, stores: number): readonly (string | undefined)[] {
  if (cursor === undefined) return [];
  const positions = decoded(cursor);
  if (!Array.isArray(positions) || positions.length !== stores || !positions.every(isPosition))
    throw invalidOption('entries.after', `${shown(cursor.slice(0, 200))} is no cursor of a listing of this cache.`);
  return positions.map((position) => position ?? undefined);
}

function decoded(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function isPosition(position: unknown): position is string | null {
  return position === null || typeof position === 'string';
}
