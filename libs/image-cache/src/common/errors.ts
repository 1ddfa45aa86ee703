/** Codes of the errors that the library throws. */
export type ImageCacheErrorCode =
  /** An option is missing, unknown or out of range; the message starts with its full path. */
  | 'E_IMAGE_CACHE_OPTIONS'
  /** There is no such source image. */
  | 'E_IMAGE_CACHE_NOT_FOUND'
  /** The source cannot tell whether there is such an image. */
  | 'E_IMAGE_CACHE_SOURCE_UNAVAILABLE'
  /** The source image is not in the state in which the caller has seen it. */
  | 'E_IMAGE_CACHE_SOURCE_CHANGED'
  /** What is not in the cache was not to be made. */
  | 'E_IMAGE_CACHE_NOT_CACHED'
  /** The render queue is full, or the wait for a render took too long. */
  | 'E_IMAGE_CACHE_OVERLOADED'
  /** The client asks for more at a time than one may. */
  | 'E_IMAGE_CACHE_TOO_MANY'
  /** A store failed, did not answer in time, or is kept out by its circuit breaker. */
  | 'E_IMAGE_CACHE_STORE_UNAVAILABLE'
  /** The store has no room for an entry, and nothing that it could evict for it. */
  | 'E_IMAGE_CACHE_STORE_FULL'
  /** The store's directory cannot be used as it is. */
  | 'E_IMAGE_CACHE_STORE_REFUSED'
  /** The store does not offer this. */
  | 'E_IMAGE_CACHE_UNSUPPORTED'
  /** A body had another length than was announced. */
  | 'E_IMAGE_CACHE_LENGTH_MISMATCH'
  /** A body is larger than may be held. */
  | 'E_IMAGE_CACHE_TOO_LARGE'
  /** A stored body is not what was written. */
  | 'E_IMAGE_CACHE_CORRUPT'
  /** The caller gave up. */
  | 'E_IMAGE_CACHE_ABORTED'
  /** The cache has been closed. */
  | 'E_IMAGE_CACHE_CLOSED';

/** Options of an {@link ImageCacheError}. */
export interface ImageCacheErrorOptions {
  readonly cause?: unknown;
  /** Seconds after which the caller may try again. */
  readonly retryAfter?: number;
}

const STATUS: Partial<Record<ImageCacheErrorCode, number>> = {
  E_IMAGE_CACHE_NOT_FOUND: 404,
  E_IMAGE_CACHE_SOURCE_UNAVAILABLE: 503,
  E_IMAGE_CACHE_SOURCE_CHANGED: 503,
  E_IMAGE_CACHE_NOT_CACHED: 504,
  E_IMAGE_CACHE_OVERLOADED: 503,
  E_IMAGE_CACHE_TOO_MANY: 429,
  E_IMAGE_CACHE_STORE_UNAVAILABLE: 503,
  E_IMAGE_CACHE_STORE_FULL: 503,
  E_IMAGE_CACHE_CLOSED: 503,
};

/** Every error that the library throws by itself; told apart by `code`. */
export class ImageCacheError extends Error {
  override readonly name = 'ImageCacheError';
  readonly code: ImageCacheErrorCode;
  /** The HTTP status that fits. */
  readonly status: number;
  /** Seconds after which the caller may try again. */
  readonly retryAfter: number | undefined;

  constructor(code: ImageCacheErrorCode, message: string, options: ImageCacheErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = STATUS[code] ?? 500;
    this.retryAfter = options.retryAfter ?? ([429, 503].includes(this.status) ? 1 : undefined);
  }
}

/** Tells whether `error` is an {@link ImageCacheError}, with this code if one is given. */
export function isImageCacheError(error: unknown, code?: ImageCacheErrorCode): error is ImageCacheError {
  return error instanceof ImageCacheError && (code === undefined || error.code === code);
}

/** Whether what was thrown is an error, also one of another realm: test runners have their own, Node's are not of it. */
export function isError(thrown: unknown): thrown is Error {
  if (thrown instanceof Error) return true;
  if (typeof thrown !== 'object' || thrown === null || !('name' in thrown) || !('message' in thrown)) return false;
  return typeof thrown.name === 'string' && typeof thrown.message === 'string';
}

/** Whatever was thrown as an error. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(String(thrown));
}

/** The code of a system error such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  if (!isError(error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}

/** Whether `error` says that an operation was aborted or ran out of time: a leader's failure, not the picture's. */
export function isAbandonment(error: unknown): boolean {
  if (!isError(error)) return false;
  return (
    error.name === 'AbortError' || error.name === 'TimeoutError' || isImageCacheError(error, 'E_IMAGE_CACHE_ABORTED')
  );
}

/** The HTTP status that an error asks for: ours, that of an `HttpException`, or none. */
export function statusOf(error: unknown): number | undefined {
  if (!isError(error) || !('status' in error)) return undefined;
  return typeof error.status === 'number' ? error.status : undefined;
}

/** Whether trying again would fail the same way: the request or the picture is at fault. */
export function isDeterministic(error: unknown): boolean {
  const status = statusOf(error);
  return status !== undefined && status >= 400 && status < 500;
}
