import type { Duration } from '../common/units.js';
import type { VariantIdentity } from '../ports/entry.js';

/** How a part of an image is looked for. */
export interface ExpandOptions {
  readonly signal?: AbortSignal;
  /** The source is not asked, and nothing is read from it. @default false */
  readonly onlyIfCached?: boolean;
}

/** How to say which variants are meant. Without one, variants are named `{extension}:{operations}`. */
export interface VariantWords {
  /**
   * Looks at the spelling alone.
   *
   * @throws anything when no image can have such a variant; the message is shown
   */
  check?(variant: string): void;
  /**
   * The variants of an image that a word stands for; none where the image cannot have such.
   *
   * @returns `undefined` when that cannot be told, since nothing is known of the image and the source is not to be asked
   */
  expand(
    identifier: string,
    variant: string,
    options: ExpandOptions,
  ): Promise<readonly VariantIdentity[] | undefined> | readonly VariantIdentity[] | undefined;
  /**
   * The word for a variant that is cached, which stands for what takes its place when the image has changed. Without
   * this, an image that has changed gets the variants that are configured.
   */
  describe?(identity: VariantIdentity): Promise<string | undefined> | string | undefined;
}

/** A part of an image that is kept beside its variants: its info, or the original. */
export interface KeptPart {
  /** Whether it is there. */
  has(identifier: string, options: { readonly signal?: AbortSignal }): Promise<boolean>;
  /**
   * Sees to it that it is there.
   *
   * @returns whether it was there already
   * @throws anything when it cannot be had
   */
  keep(identifier: string, options: { readonly signal: AbortSignal }): Promise<'rendered' | 'cached'>;
}

/** How a folder is listed. */
export interface FolderListingOptions {
  readonly signal?: AbortSignal;
  /** To be told of each folder in it that is left out since it may not be read. */
  readonly onOmitted?: (folder: string, error: unknown) => void;
}

/**
 * Lists the identifiers of the images in a folder, and in the folders in it.
 *
 * @throws anything when there is no such folder, or it cannot be listed; the message is shown
 */
export type FolderListing = (folder: string, options: FolderListingOptions) => AsyncIterable<string>;

/** Options of a prefetcher. */
export interface PrefetchOptions {
  /**
   * Directory of the queue, which processes of one host may share, on a disk of it; beside the cache, not inside of it.
   * The queue is in memory without one, and gone with the process.
   */
  readonly directory?: string;
  /**
   * Whether a job counts as queued when it is on the disk. Else a power cut may lose what was queued in the last seconds,
   * and bring jobs back that were done; a process that is killed loses nothing in either case.
   *
   * @default false
   */
  readonly durable?: boolean;
  /** Most jobs in the queue, but for those that were given up; the next one is refused. @default 100000 */
  readonly maxJobs?: number;
  /** Time between two sweeps of the queue; `'0'`: only when somebody says so. @default '5m' */
  readonly interval?: Duration;
  /** Time from the start to the first sweep. @default '10s' */
  readonly initialDelay?: Duration;
  /** Images at a time; each takes one place among the renders, when no request wants it. @default 1 */
  readonly concurrency?: number;
  /** Variants of every image that is queued without saying which. @default [] */
  readonly variants?: readonly string[];
  /** Attempts after which an image is given up. @default 5 */
  readonly attempts?: number;
  /**
   * What fails since the source or a store is out, or the server busy, is not given up for so long, however often it was
   * tried.
   *
   * @default '1d'
   */
  readonly patience?: Duration;
  /** Pause after the first failure; twice as long after each other one, give or take half. @default '30s' */
  readonly backOff?: Duration;
  /** Longest pause. @default '1h' */
  readonly maxBackOff?: Duration;
  readonly words?: VariantWords;
  /** Infos of images. @default none */
  readonly info?: KeptPart;
  /** Originals, where they are cached. @default none */
  readonly original?: KeptPart;
  /** Lists the images in a folder of the source. @default none: folders cannot be queued */
  readonly folder?: FolderListing;
}
