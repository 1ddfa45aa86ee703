import type { Clock } from '../ports/clock.js';

/** Timers of Node fire at once beyond this many milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule: (delay, callback, { awaited = false } = {}) => {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      const step = Math.min(left, LONGEST_TIMER);
      timer = setTimeout(() => {
        if (left > step) arm(left - step);
        else callback();
      }, step);
      if (!awaited) timer.unref();
    };
    arm(Math.max(0, delay));
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
  repeat: (interval, callback) => {
    const timer = setInterval(callback, interval).unref();
    return {
      cancel: () => {
        clearInterval(timer);
      },
    };
  },
};
