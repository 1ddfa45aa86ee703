import type { EvictedCounts, Kind, ListedEntry } from '../ports/entry.js';

const COUNTED = { info: 'infos', variant: 'variants', source: 'sources' } as const;

/** Counts entries that have gone, and the bytes that they took. */
export function countEvicted(gone: Iterable<{ readonly kind: Kind; readonly bytes: number }>): EvictedCounts {
  const counts = { infos: 0, variants: 0, sources: 0, bytes: 0 };
  for (const { kind, bytes } of gone) {
    counts[COUNTED[kind]] += 1;
    counts.bytes += bytes;
  }
  return counts;
}

/** What entries are, counted as an eviction would. */
export function countEntries(entries: readonly ListedEntry[]): EvictedCounts {
  return countEvicted(entries.map(({ key: { kind }, meta: { size: bytes } }) => ({ kind, bytes })));
}
