import { timeOf } from './clock.js';
import { byId, element } from './dom.js';

/** @typedef {{ id: number, run: number, at: string, level: 'done' | 'warning' | 'alarm', text: string, times: number }} Notice */

/** Lines that are shown. */
const SHOWN = 30;

/** What happened, the newest on top. */
export class Log {
  /** @type {Notice[]} */
  #notices = [];

  /** @param {Notice[]} notices */
  replace(notices) {
    this.#notices = [...notices];
    this.#show();
  }

  /** One that is told again takes the place of the one before. @param {Notice} notice */
  add(notice) {
    this.#notices = [notice, ...this.#notices.filter(({ run }) => run !== notice.run)];
    this.#show();
  }

  #show() {
    this.#notices.length = Math.min(this.#notices.length, 100);
    byId('log-empty').hidden = this.#notices.length > 0;
    byId('log').replaceChildren(
      ...this.#notices
        .slice(0, SHOWN)
        .map(({ at, level, text, times }) =>
          element('li', { 'data-level': level }, [
            element('time', { datetime: at }, [timeOf(at)]),
            element('span', { class: 'log-text' }, [text]),
            element('span', { class: 'log-times' }, [times > 1 ? `${times} times` : '']),
          ]),
        ),
    );
  }
}
