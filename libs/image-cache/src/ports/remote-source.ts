import type { Readable } from 'node:stream';
import type { SourceStamp } from './entry.js';
import type { ImageSource } from './image-info.js';

/** How an original is fetched. */
export interface FetchOptions {
  /** Ends the fetch, its body included. */
  readonly signal?: AbortSignal;
  /** The state of the copy that is there already; the body is not sent again where the source vouches for it. */
  readonly ifStamp?: SourceStamp;
}

/** An original that is on its way. Whoever gets it has to consume or destroy the body. */
export interface FetchedOriginal {
  readonly status: 'found';
  /** State of the original; the same that `lookup` tells. */
  readonly stamp: SourceStamp;
  readonly contentType: string;
  /** Bytes, where they are known beforehand. A body of another length is not taken for whole. */
  readonly size?: number;
  /** Breaks when it does not come whole. */
  readonly body: Readable;
}

/** What a fetch ends with. */
export type Fetched = FetchedOriginal | { readonly status: 'not-modified' } | { readonly status: 'missing' };

/** A source whose originals come from elsewhere, whole: those that the source cache can keep. */
export interface RemoteSource extends ImageSource {
  /**
   * Fetches an original.
   *
   * @throws anything when it cannot be had; with a status of 4xx when it would fail the same way again
   */
  fetch(identifier: string, options?: FetchOptions): Promise<Fetched>;
}

/** Whether originals can be fetched from a source. */
export function isRemoteSource(source: ImageSource): source is RemoteSource {
  return 'fetch' in source && typeof source.fetch === 'function';
}
