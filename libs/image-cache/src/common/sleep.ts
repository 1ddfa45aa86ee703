import type { Clock } from '../ports/clock.js';
import { abortError } from './deadline.js';

/** What else ends a {@link sleep}. */
export interface SleepOptions {
  /** Ends it with an error. */
  readonly signal: AbortSignal;
  /** Ends it when it resolves. */
  readonly sooner?: Promise<void> | undefined;
}

/**
 * Lets time pass; the process stays alive until then.
 *
 * @param delay milliseconds
 * @throws ImageCacheError `E_IMAGE_CACHE_ABORTED` when the signal is aborted
 */
export function sleep(clock: Clock, delay: number, { signal, sooner }: SleepOptions): Promise<void> {
  if (signal.aborted) return Promise.reject(abortError(signal));
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    const onAbort = (): void => {
      timer.cancel();
      reject(abortError(signal));
    };
    const timer = clock.schedule(delay, wake, { awaited: true });
    signal.addEventListener('abort', onAbort, { once: true });
    void sooner?.then(wake);
  });
}
