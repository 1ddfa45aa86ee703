import type { EntryKey, Kind, Touch } from '../../../ports/entry.js';
import type { FoundFile } from '../files/walk.js';
import type { EntryIndex } from '../index/entry-index.js';
import type { ProcessRun } from '../upkeep/process-run.js';

/** Space that is set apart for a write. */
export interface Claim {
  /** Whether a file may be written that is as large as it turns out; there is one such write in a process at a time. */
  readonly isOpenEnded: boolean;
  /**
   * Sets as many bytes apart as the file has by now, or will have.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_TOO_LARGE`, `E_IMAGE_CACHE_STORE_FULL`
   */
  reach(bytes: number): Promise<void>;
  /** The disk was full before the bounds were reached: room is made for the writes to come. */
  ranOut(): void;
  /** The write has become an entry. */
  publish(entry: Published): void;
  /** The write has ended; harmless after it became an entry. */
  end(): void;
}

/** What has been published. */
export interface Published {
  /** Last access; milliseconds since the epoch. */
  readonly at: number;
  /** Length of the body; bytes. */
  readonly size: number;
  /** Length of the file; bytes. */
  readonly fileSize: number;
  readonly inode: number;
}

/** What has been taken out of sight. */
export type Discarded =
  { readonly key: EntryKey } | { readonly group: string; readonly kind: Kind } | { readonly kind: Kind };

/** Steps of a sweep that the index does better than a walk, or that are about the index. */
export interface SpaceSteps {
  /** Removes the least recently used entries down to the low watermark, when the bounds are nearly reached or exceeded. */
  bounds(run: ProcessRun): Promise<void>;
  /**
   * Makes the index agree with the files.
   *
   * @param files of all kinds, in the order of their keys
   */
  reconcile(run: ProcessRun, files: AsyncIterable<readonly FoundFile[]>): Promise<void>;
}

/** Keeps account of what a cache takes, and makes room. */
export interface Space {
  /** The entries in order, where an index can be had. */
  readonly index: EntryIndex | undefined;
  /** Its part in a sweep, where there is an index. */
  readonly steps: SpaceSteps | undefined;
  /**
   * Makes sure, before the directories of a write are made, that there is something to make them of.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_STORE_FULL` when there are too few inodes, and nothing that gives some back
   */
  prepare(): Promise<void>;
  /** There was no room for the directories of a write: it is made for those to come. */
  ranOut(cause: unknown): void;
  /** Begins a write: `name` is that of its directory. */
  claim(key: EntryKey, name: string): Claim;
  touched(touches: readonly Touch[]): void;
  /** Something has been moved to a path below the root, where it takes space until it is given back. */
  discarded(what: Discarded, path: string): void;
  /** The files of entries have been removed; some may be there again by now. */
  removed(keys: readonly EntryKey[]): void;
  /** What has been moved to that path is gone. */
  emptied(path: string): void;
  close(): Promise<void>;
}
