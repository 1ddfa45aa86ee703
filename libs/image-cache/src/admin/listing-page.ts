import { HttpException } from '@nestjs/common';
import type { Kind, ListedEntry } from '../ports/entry.js';
import type { Prefetcher } from '../prefetch/prefetcher.js';
import type { EntriesOptions, ImageCache } from '../service/image-cache.js';
import { isListingPartial } from '../service/listing.js';
import { RANKINGS, topEntries, type Ranking } from '../service/top-entries.js';
import { KINDS, type EntriesDto, type QueueSummaryDto } from './dto/cache.dto.js';
import { Fields, wrong } from './input/fields.js';
import { shownEntry, shownJob } from './shapes.js';

const PAGED = ['id', 'lastAccess'] as const;

/** Orders in which entries are listed: page by page, or the first ones of all. */
export const ORDERS = [...PAGED, ...RANKINGS] as const;

/** What is to be listed. */
export interface Listing {
  readonly limit: number;
  /** A page; without it, the first ones by {@link by}. */
  readonly page?: EntriesOptions;
  readonly by?: Ranking;
  readonly kind?: Kind;
}

type Page = Omit<EntriesDto, 'queue'>;

/** The status of which no client will ever learn: that one leaves is no fault of the server. */
const CLIENT_GONE = 499;

/** @throws BadRequestException when something of it cannot be */
export function parseListing(query: unknown): Listing {
  const fields = Fields.of(query, ['kind', 'order', 'after', 'limit'], 'query');
  const [kind, order, after] = [
    fields.choice<Kind>('kind', KINDS),
    fields.choice('order', ORDERS),
    fields.text('after'),
  ];
  const limit = fields.integer('limit', { min: 1, max: 1000 }) ?? 100;
  const by = RANKINGS.find((each) => each === order);
  if (by !== undefined && after !== undefined)
    throw wrong('after', `by ${by}, there is one page only; ask for a greater limit.`);
  if (by !== undefined) return { limit, by, ...(kind && { kind }) };
  const paged = PAGED.find((each) => each === order);
  return {
    limit,
    page: { ...(kind && { kind }), ...(paged && { order: paged }), ...(after !== undefined && { after }) },
  };
}

/** A page of entries; one more is looked at, to know whether there is another page. */
export async function listPage(cache: ImageCache, options: EntriesOptions, limit: number): Promise<Page> {
  const partial = isListingPartial(cache.stores, options);
  const entries: ListedEntry[] = [];
  let next: string | undefined;
  for await (const entry of cache.entries(options)) {
    if (entries.length === limit) {
      next = entries.at(-1)?.cursor;
      break;
    }
    entries.push(entry);
  }
  return {
    entries: entries.map(shownEntry),
    ...(next !== undefined && { next }),
    ...(partial && { partial }),
  };
}

/** The first entries of all. */
export async function listTop(
  cache: ImageCache,
  { limit, kind }: Listing,
  { by, signal }: { readonly by: Ranking; readonly signal: AbortSignal },
): Promise<Page> {
  try {
    const entries = await topEntries(cache, { by, limit, signal, ...(kind && { kind }) });
    return { entries: entries.map(shownEntry) };
  } catch (error) {
    if (signal.aborted) throw new HttpException('The client has gone.', CLIENT_GONE);
    throw error;
  }
}

/** The head of the queue. */
export async function queueSummary(prefetcher: Prefetcher): Promise<QueueSummaryDto> {
  const { jobs } = await prefetcher.jobs();
  const { queued, running, dead } = prefetcher.status();
  return { jobs: jobs.map(shownJob), queued, running, dead };
}
