import type { Clock } from '../ports/clock.js';
import { ImageCacheError, isImageCacheError, toError } from './errors.js';

/** Options of {@link withDeadline}. */
export interface DeadlineOptions {
  readonly clock: Clock;
  /** Milliseconds; 0 waits for ever. */
  readonly timeout: number;
  /** Made when the time is over. */
  readonly expired: () => Error;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for `promise` no longer than `timeout`, and no longer than the caller wants. The promise itself goes on; its
 * outcome is then nobody's.
 */
export async function withDeadline<T>(promise: Promise<T>, options: DeadlineOptions): Promise<T> {
  const { clock, timeout, expired, signal } = options;
  if (signal?.aborted === true) {
    promise.catch(ignore);
    throw abortError(signal);
  }
  return new Promise<T>((resolve, reject) => {
    const onTimeout = (): void => {
      settle(() => {
        reject(expired());
      });
    };
    const timer = timeout > 0 ? clock.schedule(timeout, onTimeout, { deadline: true }) : undefined;
    const onAbort = (): void => {
      settle(() => {
        reject(abortError(signal));
      });
    };
    const settle = (outcome: () => void): void => {
      timer?.cancel();
      signal?.removeEventListener('abort', onAbort);
      outcome();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        settle(() => {
          resolve(value);
        });
      },
      (error: unknown) => {
        settle(() => {
          reject(toError(error));
        });
      },
    );
  });
}

/** Waits for `promise` until the signal is aborted. The promise itself goes on; its outcome is then nobody's. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = ignore;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(abortError(signal));
    };
  });
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Does work for as long as the signal has not been aborted, and waits for it no longer than that. */
export function whileOpen<T>(work: () => Promise<T>, closing: AbortSignal): Promise<T> {
  return closing.aborted ? Promise.reject(abortError(closing)) : untilAborted(work(), closing);
}

/** The error for who waits no longer: that of the library with which the signal was aborted, else that the caller gave up. */
export function abortError(signal?: AbortSignal): ImageCacheError {
  if (isImageCacheError(signal?.reason)) return signal.reason;
  return new ImageCacheError('E_IMAGE_CACHE_ABORTED', 'The caller gave up.', { cause: signal?.reason });
}

function ignore(): void {
  // the outcome is nobody's any more
}
