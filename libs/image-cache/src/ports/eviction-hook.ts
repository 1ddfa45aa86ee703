/** An eviction that caches in front of the application, such as a CDN, have to be told of. */
export interface EvictionNotice {
  /** `request`: by a verb or a decorator; `changed` or `missing`: found out about the source; `purge`. */
  readonly reason: string;
  /** All that was made of an image, or everything. */
  readonly scope: 'image' | 'everything';
  /** The tag that answers carry which are not good any more, with the option `client.tags`. */
  readonly tag: string;
  /** The image; absent where only its tag is known. */
  readonly identifier?: string;
}

/**
 * Tells somebody of an eviction. It is tried again when it rejects, so it may be told of one more than once.
 *
 * @throws anything when it could not be told
 */
export type EvictionHook = (notice: EvictionNotice, options: { readonly signal: AbortSignal }) => Promise<void>;
