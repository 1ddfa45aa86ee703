import type { Prefetcher } from '../prefetch/prefetcher.js';
import type { EntriesOptions, ImageCache } from '../service/image-cache.js';
import { isListingPartial } from '../service/listing.js';
import type { EntriesDto, QueueSummaryDto } from './dto/cache.dto.js';
import { shownEntry, shownJob } from './shapes.js';
import type { ListedEntry } from '../ports/entry.js';

/** A page of entries; one more is looked at, to know whether there is another page. */
export async function listPage(
  cache: ImageCache,
  options: EntriesOptions,
  limit: number,
): Promise<Omit<EntriesDto, 'queue'>> {
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

/** The head of the queue. */
export async function queueSummary(prefetcher: Prefetcher): Promise<QueueSummaryDto> {
  const { jobs } = await prefetcher.jobs();
  const { queued, running, dead } = prefetcher.status();
  return { jobs: jobs.map(shownJob), queued, running, dead };
}
