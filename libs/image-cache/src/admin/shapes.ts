import { keyString } from '../keys/entry-keys.js';
import type { SweepReport } from '../maintenance/sweep.js';
import type { EvictedCounts, Kind, ListedEntry, Usage } from '../ports/entry.js';
import type { ImageDescription } from '../prefetch/describe-image.js';
import type { PrefetchJob, PrefetchStatus } from '../prefetch/prefetcher.js';
import type { EntryDto, ImageDto } from './dto/cache.dto.js';
import type { JobDto, PrefetchStatusDto } from './dto/queue.dto.js';

/** Milliseconds that a `Date` can hold. */
const LATEST = 8.64e15;

/** A time as answers tell it: ISO 8601, UTC. */
export function isoTime(at: number): string {
  return new Date(Math.min(Math.max(Number.isFinite(at) ? at : 0, -LATEST), LATEST)).toISOString();
}

/** An entry as answers tell it. */
export function shownEntry({ key, meta, lastAccess, hits }: ListedEntry): EntryDto {
  const { lastModified } = meta.source ?? {};
  // Files tell it in nanoseconds; what other sources tell is theirs.
  const modified =
    lastModified !== undefined && /^\d{1,24}$/.test(lastModified) ? Number(lastModified) / 1e6 : undefined;
  return {
    identifier: meta.identifier,
    kind: key.kind,
    ...(meta.operations !== undefined && { operations: meta.operations }),
    key: keyString(key),
    contentType: meta.contentType,
    size: meta.size,
    createdAt: isoTime(meta.createdAt),
    lastAccess: isoTime(lastAccess),
    ...(hits !== undefined && { hits }),
    ...(modified !== undefined && { sourceModified: isoTime(modified) }),
  };
}

/** A job as answers tell it. */
export function shownJob({ queuedAt, notBefore, failingSince, ...job }: PrefetchJob): JobDto {
  return {
    ...job,
    queuedAt: isoTime(queuedAt),
    ...(notBefore !== undefined && { notBefore: isoTime(notBefore) }),
    ...(failingSince !== undefined && { failingSince: isoTime(failingSince) }),
  };
}

/** An image as answers tell it. */
export function shownImage({ entries, job, ...image }: ImageDescription): ImageDto {
  return { ...image, entries: entries.map(shownEntry), ...(job && { job: shownJob(job) }) };
}

/** The state of the prefetcher as answers tell it. */
export function shownPrefetch({ nextAt, ...status }: PrefetchStatus): PrefetchStatusDto {
  return { ...status, ...(nextAt !== undefined && { nextAt: isoTime(nextAt) }) };
}

/** Only the counts of what an eviction tells. */
export function countsOf({ infos, variants, sources, bytes }: EvictedCounts): EvictedCounts {
  return { infos, variants, sources, bytes };
}

/** What would go of some kinds, or of all. */
export function countUsage(usage: Readonly<Record<Kind, Usage>>, kinds?: readonly Kind[]): EvictedCounts {
  const of = (kind: Kind): Usage => (kinds === undefined || kinds.includes(kind) ? usage[kind] : NOTHING);
  const [info, variant, source] = [of('info'), of('variant'), of('source')];
  const bytes = info.bytes + variant.bytes + source.bytes;
  return { infos: info.entries, variants: variant.entries, sources: source.entries, bytes };
}

const NOTHING: Usage = { entries: 0, bytes: 0 };

/** What the steps of a sweep did, together. */
export function countSweep({ steps }: SweepReport): Readonly<Record<'removed' | 'bytes' | 'failed', number>> {
  const sum = (field: 'removed' | 'bytes' | 'failed'): number => steps.reduce((all, step) => all + step[field], 0);
  return { removed: sum('removed'), bytes: sum('bytes'), failed: sum('failed') };
}
