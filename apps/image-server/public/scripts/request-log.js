import { byId, element } from './dom.js';
import { bytes, duration, number } from './format.js';

/** @typedef {import('./recorder.js').RecordedRequest} RecordedRequest */

/** Requests that are listed; older ones are only counted. */
const LISTED = 200;

/** What the answers are called, in the order of the totals. */
const ANSWERS = /** @type {const} */ ({
  hit: 'Cache hits',
  miss: 'Rendered',
  browser: 'Browser cache',
  source: 'Original',
  failed: 'Failed',
});

/** Answers that are shown although there are none. */
const ALWAYS = ['hit', 'miss', 'browser'];

const WORDS = { hit: 'hit', miss: 'miss', browser: 'browser', source: 'original', failed: 'failed' };

/** Shows how the requests for an image were answered. */
export class RequestLog {
  #log = byId('log');
  #totals = byId('totals');
  #share = byId('share');
  /** @type {Record<keyof typeof ANSWERS, number>} */
  #counts = { hit: 0, miss: 0, browser: 0, source: 0, failed: 0 };

  clear() {
    this.#counts = { hit: 0, miss: 0, browser: 0, source: 0, failed: 0 };
    this.#log.replaceChildren();
    this.#showTotals();
  }

  /** @param {RecordedRequest} request */
  add(request) {
    this.#counts[request.answer] += 1;
    this.#log.prepend(row(request));
    if (this.#log.childElementCount > LISTED) this.#log.lastElementChild?.remove();
    this.#showTotals();
  }

  #showTotals() {
    const shown = entriesOf(ANSWERS).filter(([answer]) => ALWAYS.includes(answer) || this.#counts[answer] > 0);
    this.#totals.replaceChildren(
      ...shown.map(([answer, label]) =>
        element('div', { class: 'total', 'data-answer': answer }, [
          element('dt', {}, [label]),
          element('dd', {}, [number(this.#counts[answer])]),
        ]),
      ),
    );
    const parts = shown.filter(([answer]) => this.#counts[answer] > 0);
    this.#share.setAttribute(
      'aria-label',
      parts.map(([answer, label]) => `${label} ${this.#counts[answer]}`).join(', '),
    );
    this.#share.replaceChildren(
      ...parts.map(([answer]) => {
        const part = element('span', { 'data-answer': answer });
        part.style.flexGrow = String(this.#counts[answer]);
        return part;
      }),
    );
  }
}

/** @param {RecordedRequest} request */
function row({ url, answer, milliseconds, bytes: size }) {
  return element('li', { 'data-answer': answer, title: decodeURI(url) }, [
    element('span', { class: 'log-answer' }, [WORDS[answer]]),
    element('span', { class: 'log-what' }, [labelOf(url)]),
    element('span', { class: 'log-size' }, [bytes(size)]),
    element('span', { class: 'log-time' }, [duration(milliseconds)]),
  ]);
}

/**
 * What a request was for: the document, or a part of the image with its scale.
 *
 * @param {string} url
 */
function labelOf(url) {
  const segments = url.split('/');
  if (segments.at(-1) === 'info.json') return 'info.json';
  const [region = '', size = ''] = segments.slice(-4);
  if (region === 'full') return `whole, ${size.replace(',', ' × ')}`;
  const [x, y, width] = region.split(',').map(Number);
  const scale = Math.round(Number(width) / Number.parseInt(size, 10));
  return `${Number.isNaN(scale) ? size : `1:${scale}`} at ${x}, ${y}`;
}

/**
 * @template {string} K
 * @template V
 * @param {Readonly<Record<K, V>>} record
 */
function entriesOf(record) {
  return /** @type {[K, V][]} */ (Object.entries(record));
}
