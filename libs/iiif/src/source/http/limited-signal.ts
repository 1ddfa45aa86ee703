/** The longest time of a timer; a longer one would be over at once. */
const LONGEST = 2 ** 31 - 1;

/** A signal for one piece of work. */
export interface LimitedSignal {
  readonly signal: AbortSignal;
  /** To be called when the work is over. */
  readonly release: () => void;
}

/**
 * Aborted by another signal, or when the time is over. That of a cache lives as long as the process, and `AbortSignal.any`
 * of Node 20 leaves something behind on it for each call.
 *
 * @param timeout milliseconds
 */
export function limited(signal: AbortSignal | undefined, timeout: number): LimitedSignal {
  const controller = new AbortController();
  const leave = (): void => {
    controller.abort(signal?.reason);
  };
  const timer = setTimeout(
    () => {
      controller.abort(new DOMException('It has taken too long.', 'TimeoutError'));
    },
    Math.min(timeout, LONGEST),
  ).unref();
  if (signal?.aborted === true) leave();
  signal?.addEventListener('abort', leave, { once: true });
  const release = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', leave);
  };
  return { signal: controller.signal, release };
}

/** What work comes to, or the reason for which nobody waits for it any more. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    const settle = (): void => {
      signal.removeEventListener('abort', leave);
    };
    work.then(resolve, reject).finally(settle);
  });
}
