import { ask, reason } from './api.js';
import { moment } from './clock.js';
import { byId, element, none, table } from './dom.js';
import { bytes, duration, number } from './format.js';

/**
 * @typedef {{
 *   step: string, examined: number, removed: number, bytes: number, adopted?: number, failed: number,
 *   failure?: string, stopped?: string, duration: number,
 * }} Step
 * @typedef {{ startedAt: string, endedAt: string, report: { steps: Step[], duration: number, aborted: boolean, skipped?: string[] } }} Shift
 */

/** The last shifts of the worker, each with its report. */
export class Shifts {
  /** When the last one ended that is shown. @type {string | undefined} */
  #lastAt;

  /** Looks at them again when there is another one; after a restart there is none. @param {string | undefined} lastAt when the last one ended */
  follow(lastAt) {
    byId('shifts-empty').hidden = lastAt !== undefined;
    if (lastAt === undefined) byId('shifts').replaceChildren();
    if (lastAt === this.#lastAt) return;
    this.#lastAt = lastAt;
    if (lastAt !== undefined) void this.#load();
  }

  async #load() {
    try {
      const { shifts } = await ask('worker/shifts');
      const open = new Set(
        [...document.querySelectorAll('.shift')].flatMap((each) =>
          each instanceof HTMLDetailsElement && each.open ? [each.dataset['shift']] : [],
        ),
      );
      const isWide = matchMedia('(min-width: 40rem)').matches;
      byId('shifts').replaceChildren(
        ...shifts.map((/** @type {Shift} */ shift, /** @type {number} */ index) =>
          described(shift, open.has(shift.startedAt) || (isWide && open.size === 0 && index === 0)),
        ),
      );
    } catch (error) {
      this.#lastAt = undefined;
      byId('shifts').replaceChildren(element('li', { class: 'empty' }, [reason(error)]));
    }
  }
}

/**
 * @param {Shift} shift
 * @param {boolean} isOpen
 */
function described({ startedAt, report }, isOpen) {
  const { steps, skipped = [], aborted } = report;
  const details = element('details', { class: 'shift', 'data-shift': startedAt }, [
    element('summary', {}, [
      element('time', { datetime: startedAt }, [moment(startedAt)]),
      element('span', { class: 'shift-text' }, [summaryOf(report)]),
      ...(steps.some(isTroubled) ? [element('span', { class: 'badge is-bad' }, ['trouble'])] : []),
      ...(aborted ? [element('span', { class: 'badge' }, ['ended early'])] : []),
    ]),
    ...(skipped.length === 0
      ? []
      : [
          element('p', { class: 'figure-note' }, [
            `Left to another process, which was sweeping: ${skipped.join(', ')}.`,
          ]),
        ]),
    ...(steps.length === 0 ? [] : [stepsTable(startedAt, steps)]),
  ]);
  details.open = isOpen;
  return element('li', {}, [details]);
}

/** @param {Shift['report']} report */
function summaryOf({ steps, duration: time, skipped = [] }) {
  if (steps.length === 0 && skipped.length > 0) return 'left to another process';
  const sum = (/** @type {'examined' | 'removed' | 'bytes' | 'failed'} */ field) =>
    steps.reduce((all, step) => all + step[field], 0);
  const parts = [
    `took ${duration(time)}`,
    `${number(sum('examined'))} examined`,
    `${number(sum('removed'))} removed`,
    ...(sum('bytes') > 0 ? [bytes(sum('bytes'))] : []),
    ...(sum('failed') > 0 ? [`${number(sum('failed'))} failed`] : []),
    ...(skipped.length > 0 ? [`${skipped.join(', ')} left out`] : []),
  ];
  return parts.join(' · ');
}

/** @param {Step} step */
function isTroubled({ failed, stopped }) {
  return failed > 0 || stopped !== undefined;
}

/**
 * @param {string} startedAt
 * @param {Step[]} steps
 */
function stepsTable(startedAt, steps) {
  const isTrouble = steps.some(isTroubled);
  return table({
    label: `Steps of the shift of ${moment(startedAt)}`,
    head: ['Step', 'Took', 'Examined', 'Removed', 'Space', 'Failed', ...(isTrouble ? ['Why'] : [])],
    texts: [6],
    rows: steps.map((step) => [
      step.step,
      duration(step.duration),
      number(step.examined),
      number(step.removed),
      step.bytes > 0 ? bytes(step.bytes) : none(),
      step.failed > 0 ? number(step.failed) : none(),
      ...(isTrouble ? [troubleOf(step)] : []),
    ]),
  });
}

/** @param {Step} step */
function troubleOf({ failure, stopped }) {
  const told = [failure, stopped && `ended early: ${stopped}`].filter(Boolean).join('; ');
  return told === '' ? none() : element('span', { class: 'why' }, [told]);
}
