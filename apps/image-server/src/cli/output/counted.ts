import type { EvictedCounts } from 'nestjs-image-cache';
import { size, things } from './quantities.js';

/** Entries by kind, such as `2 variants, 1 info`. */
export function entries({ variants, infos, sources }: EvictedCounts): string {
  const parts = [
    things(variants, 'variant'),
    things(infos, 'info'),
    ...(sources > 0 ? [things(sources, 'original')] : []),
  ];
  return parts.join(', ');
}

/** Entries by kind and their bytes, such as `2 variants, 1 info (3.5 KB)`. */
export function entriesAndSize(counts: EvictedCounts): string {
  return `${entries(counts)} (${size(counts.bytes)})`;
}

/** Whether there are none. */
export function isNone({ variants, infos, sources }: EvictedCounts): boolean {
  return variants + infos + sources === 0;
}
