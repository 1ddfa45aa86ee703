import type { Clock, ScheduledCall } from '../ports/clock.js';

/** Runs `callback` every `interval` milliseconds, also by a clock that can only schedule single calls. */
export function repeat(clock: Clock, interval: number, callback: () => void): ScheduledCall {
  if (clock.repeat !== undefined) return clock.repeat(interval, callback);
  const again = (): ScheduledCall =>
    clock.schedule(interval, () => {
      next = again();
      callback();
    });
  let next = again();
  return {
    cancel: () => {
      next.cancel();
    },
  };
}
