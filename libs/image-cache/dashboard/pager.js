import { button, element } from './dom.js';
import { number } from './format.js';

/** Goes through pages of which each says only where the next one begins. */
export class Pager {
  /** Where the pages before begin. @type {(string | undefined)[]} */
  #before = [];
  /** @type {string | undefined} */
  #after;
  /** @type {string | undefined} */
  #next;
  #length = 0;
  #turned;
  #back = button('Page before', () => {
    this.#turn(this.#before.pop(), false);
  });
  #forth = button('Next page', () => {
    // Where the page ends that is on its way is not known yet.
    if (this.#next !== undefined) this.#turn(this.#next, true);
  });
  element = element('div', { class: 'buttons' }, [this.#back, this.#forth]);

  /** @param {() => void} turned called when another page is to be shown */
  constructor(turned) {
    this.#turned = turned;
    this.show(undefined, 0);
  }

  /** Where the page begins that is to be shown. */
  get after() {
    return this.#after;
  }

  /** Begins again with the first page. */
  restart() {
    this.#before = [];
    this.#turn(undefined, false);
  }

  /**
   * Takes in what the page is. From one that has become empty, it goes back by itself.
   *
   * @param {string | undefined} next where the next one begins, if there is one
   * @param {number} length
   */
  show(next, length) {
    this.#next = next;
    this.#length = length;
    if (length === 0 && this.#before.length > 0) this.#turn(this.#before.pop(), false);
    const { activeElement } = document;
    this.#back.hidden = this.#before.length === 0;
    this.#forth.hidden = next === undefined;
    // The focus does not get lost with a button that goes.
    if (activeElement === this.#forth && this.#forth.hidden) this.#back.focus();
    if (activeElement === this.#back && this.#back.hidden) this.#forth.focus();
  }

  /**
   * Which of them are shown.
   *
   * @param {number} size of a page
   * @param {number | undefined} total
   */
  text(size, total) {
    const first = this.#before.length * size + 1;
    const last = first + this.#length - 1;
    return `${number(first)} to ${number(last)}${total === undefined ? '' : ` of ${number(Math.max(total, last))}`}.`;
  }

  /**
   * @param {string | undefined} after
   * @param {boolean} isForth
   */
  #turn(after, isForth) {
    if (isForth) this.#before.push(this.#after);
    this.#after = after;
    this.#next = undefined;
    this.#turned();
  }
}
