import { byId, facts } from './dom.js';
import { ago, duration, until } from './format.js';
import { Shifts } from './shifts.js';

/** The worker, and what it has done. */
export class WorkerCard {
  #shifts = new Shifts();

  /** @param {any} worker as the admin API tells of it */
  show({ enabled, interval, nextAt, lastAt, lastReport }) {
    byId('worker').replaceChildren(
      facts([
        ['State', enabled ? 'on' : 'off'],
        ...(interval === undefined ? [] : [/** @type {const} */ (['Every', everyText(interval)])]),
        ...(nextAt === undefined ? [] : [/** @type {const} */ (['Next shift', until(nextAt)])]),
        [
          'Last shift',
          lastAt === undefined ? 'none since the start' : `${ago(lastAt)}, took ${duration(lastReport?.duration ?? 0)}`,
        ],
      ]),
    );
    this.#shifts.follow(lastAt);
  }
}

/** Durations of the API are milliseconds, or texts with a unit. @param {number | string} interval */
function everyText(interval) {
  return typeof interval === 'number' ? duration(interval) : interval;
}
