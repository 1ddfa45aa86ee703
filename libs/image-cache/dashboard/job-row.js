import { moment } from './clock.js';
import { button, element, row } from './dom.js';
import { number, until } from './format.js';
import { hashOf } from './image-parts.js';

/**
 * @typedef {{
 *   id: string, identifier: string, state: 'queued' | 'running' | 'dead', attempts: number, notBefore?: string,
 *   priority: number, progress?: { total: number, done: number, cached: number, failed: number }, error?: string,
 * }} Job
 */

/** Heads of the columns; in the last one are the buttons. */
export const HEAD = ['Image', 'State', 'Progress', 'Attempts', 'Next try', 'Why', 'What to do'];

/** Columns that are texts. */
export const TEXTS = [0, 1, 2, 4, 5];

const STATES = { queued: 'queued', running: 'running', dead: 'given up' };

/** Whether it was given up, or waits because it has failed. @param {Job} job */
export function hasFailed({ state, attempts }) {
  return state === 'dead' || (state === 'queued' && attempts > 0);
}

/** A job in the list. It stays the same while its job does, so that nobody loses the focus on its buttons. */
export class JobRow {
  #retry;
  #cancel;
  #state = element('span', { class: 'badge' });
  #bar = element('progress', {});
  #progress = element('span');
  #attempts = element('span');
  #next = element('span');
  #why = element('span', { class: 'why' });
  element;

  /**
   * @param {string} identifier
   * @param {{ retry: () => unknown, cancel: () => unknown }} actions
   */
  constructor(identifier, { retry, cancel }) {
    this.#retry = button('Retry', retry, { class: 'button is-small', 'aria-label': `Retry ${identifier}` });
    this.#cancel = button('', cancel, { class: 'button is-small' });
    this.#bar.setAttribute('aria-label', `Progress of ${identifier}`);
    const link = element('a', { href: hashOf(identifier) }, [identifier]);
    const cells = [
      link,
      this.#state,
      element('span', { class: 'progress' }, [this.#bar, this.#progress]),
      this.#attempts,
      this.#next,
      this.#why,
      element('span', { class: 'buttons' }, [this.#retry, this.#cancel]),
    ];
    this.element = row(cells, { head: HEAD, texts: TEXTS });
    this.element.dataset['job'] = identifier;
  }

  /** @param {Job} job */
  show(job) {
    const { state, progress, attempts, notBefore, error } = job;
    const waits = state === 'queued' && hasFailed(job);
    this.#state.textContent = waits ? 'to be tried again' : STATES[state];
    this.#state.className = `badge is-${waits ? 'waiting' : state}`;
    this.#bar.hidden = progress === undefined;
    this.#bar.max = Math.max(1, progress?.total ?? 1);
    this.#bar.value = progress?.done ?? 0;
    say(this.#progress, progressText(progress));
    say(this.#attempts, attempts > 0 ? number(attempts) : undefined);
    say(this.#next, state === 'queued' && notBefore !== undefined ? until(notBefore) : undefined);
    this.#next.title = notBefore === undefined ? '' : moment(notBefore);
    say(this.#why, error);
    this.#retry.hidden = !hasFailed(job);
    const end = state === 'dead' ? 'Remove' : 'Cancel';
    this.#cancel.textContent = end;
    this.#cancel.setAttribute('aria-label', `${end} ${job.identifier}`);
  }
}

/**
 * @param {HTMLElement} host
 * @param {string | undefined} text
 */
function say(host, text) {
  host.textContent = text ?? '–';
  host.classList.toggle('none', text === undefined);
}

/** @param {Job['progress']} progress */
function progressText(progress) {
  if (progress === undefined) return undefined;
  const { done, total, failed } = progress;
  return `${number(done)} of ${number(total)}${failed > 0 ? `, ${number(failed)} failed` : ''}`;
}
