/** Why a response is for its own request alone. */
export type UncacheableReason =
  /** Its status is not 200. */
  | 'status'
  | 'cookie'
  /** It says `private` or `no-store`. */
  | 'cache-control'
  /** It is encoded, with gzip say. */
  | 'encoding'
  /** It varies by what is not part of the key. */
  | 'vary'
  /** It is no picture, or no info where that was to be cached. */
  | 'type'
  | 'empty';

/** Thrown by a renderer whose result is for its own caller alone: it is neither stored nor shared. */
export class NotCacheable extends Error {
  override readonly name = 'NotCacheable';
  readonly reason: UncacheableReason;
  /** What the renderer's own caller gets. */
  readonly result: unknown;

  /** @param message the reason in words, for the operator */
  constructor(reason: UncacheableReason, message: string, result: unknown) {
    super(message);
    this.reason = reason;
    this.result = result;
  }
}
