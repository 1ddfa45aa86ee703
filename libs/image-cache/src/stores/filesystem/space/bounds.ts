import { messageOf } from '../../../common/errors.js';
import { invalidOption, parseInteger } from '../../../common/options.js';
import { parseSize, type Size } from '../../../common/units.js';
import type { StoreBounds, StoreIncident } from '../../../ports/cache-store.js';
import { bytesUsed, entriesUsed, type Totals } from '../index/totals.js';

/** How much a cache may take. */
export interface FilesystemBoundsOptions {
  /**
   * Most bytes that the cache takes on the disk, whatever is being written, in the trash or in quarantine included. The
   * least recently used entries make room. @default no bound
   */
  readonly maxSize?: Size;
  /** Most entries. @default no bound */
  readonly maxEntries?: number;
  /** Bytes that stay free on the file system; the cache shrinks when others fill it. @default no bound */
  readonly minFree?: Size;
  /** Inodes that stay free on the file system. @default no bound */
  readonly minFreeInodes?: number;
  /** Larger entries are not stored. @default no bound but `maxSize` */
  readonly maxEntrySize?: Size;
}

/** Bounds with everything filled in; bytes. */
export interface Bounds {
  readonly maxSize: number;
  readonly maxEntries: number;
  readonly minFree: number;
  readonly minFreeInodes: number;
  readonly maxEntrySize: number;
}

/** Names of the options that bound a cache. */
export const BOUNDS: readonly (keyof Bounds)[] = ['maxSize', 'maxEntries', 'minFree', 'minFreeInodes', 'maxEntrySize'];

/** Smaller caches hold nothing of use: an entry takes a block, its directory another one. */
const SMALLEST = 64 * 1024;

/**
 * Checks the bounds.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` with the path of the option
 */
export function resolveBounds(options: FilesystemBoundsOptions, path: string): Bounds {
  const { maxSize, maxEntries, minFree = 0, minFreeInodes = 0, maxEntrySize } = options;
  const size = maxSize === undefined ? Infinity : parseSize(maxSize, `${path}.maxSize`);
  if (size < SMALLEST) throw invalidOption(`${path}.maxSize`, `${size} bytes are too few; give at least 64KB.`);
  const largest = maxEntrySize === undefined ? Infinity : parseSize(maxEntrySize, `${path}.maxEntrySize`);
  if (largest === 0)
    throw invalidOption(`${path}.maxEntrySize`, 'with 0 bytes nothing is stored; leave it out instead.');
  const whole = { min: 1, max: Number.MAX_SAFE_INTEGER };
  return {
    maxSize: size,
    maxEntries: maxEntries === undefined ? Infinity : parseInteger(maxEntries, `${path}.maxEntries`, whole),
    minFree: parseSize(minFree, `${path}.minFree`),
    minFreeInodes: parseInteger(minFreeInodes, `${path}.minFreeInodes`, { ...whole, min: 0 }),
    maxEntrySize: Math.min(largest, size),
  };
}

/** Whether anything has to make room for new entries. */
export function isBounded({ maxSize, maxEntries, minFree, minFreeInodes }: Bounds): boolean {
  return maxSize < Infinity || maxEntries < Infinity || minFree > 0 || minFreeInodes > 0;
}

/** The bounds of what a cache may hold, where there are any. */
export function boundsOf({ maxSize, maxEntries }: Bounds): StoreBounds {
  return { ...(maxSize < Infinity && { maxSize }), ...(maxEntries < Infinity && { maxEntries }) };
}

/** Above this share of the bounds, room is made before it is needed … */
export const HIGH = 0.98;

/** … down to this one. */
export const LOW = 0.95;

/** What has to go; nothing when both are 0. */
export interface Shortage {
  readonly bytes: number;
  readonly entries: number;
}

/** What is free on the file system. */
export interface FreeSpace {
  readonly bytes: number;
  readonly inodes: number;
}

/** How much more there is than a share of the bounds admits. */
export function shortageOf(totals: Totals, bounds: Bounds, free: FreeSpace, share = 1): Shortage {
  const { maxSize, maxEntries, minFree, minFreeInodes } = bounds;
  const bytes = [bytesUsed(totals) - maxSize * share, minFree > 0 ? minFree + totals.claimed - free.bytes : 0];
  const entries = [
    entriesUsed(totals) - Math.floor(maxEntries * share),
    minFreeInodes > 0 ? minFreeInodes + totals.writes - free.inodes : 0,
  ];
  return { bytes: Math.max(0, ...bytes), entries: Math.max(0, ...entries) };
}

/** Bytes without which nothing is written, and no index is made. */
export const WORKING_SPACE = 256 * 1024;

/** What is told of a disk without room for a directory. */
export function fullIncident(cause: unknown): StoreIncident {
  return { kind: 'full', message: `Nothing is stored for want of room: ${messageOf(cause)}`, cause };
}

/** Whether nothing has to go. */
export function isEnough({ bytes, entries }: Shortage): boolean {
  return bytes <= 0 && entries <= 0;
}
