import { confirmAndTell } from './actions.js';
import { button, byId, element } from './dom.js';

/** @typedef {import('./dialog.js').Question} Question */

/** What is swept by hand. @type {readonly Question[]} */
const SWEEPS = [
  {
    title: 'Sweep the cache?',
    text: 'A whole shift of the worker: what has expired, what is damaged or left over, and what is above the bounds goes.',
    label: 'Sweep',
    path: 'actions/sweep',
    method: 'POST',
  },
  {
    title: 'Prune the cache?',
    text: 'The least recently used entries go until the bounds are kept.',
    label: 'Prune',
    path: 'actions/prune',
    method: 'POST',
  },
  {
    title: 'Clean the cache?',
    text: 'Unfinished writes, damaged files and what is no entry go.',
    label: 'Clean',
    path: 'actions/clean',
    method: 'POST',
  },
];

/** What is purged, and the kind of entries that there has to be for it. */
const TARGETS = /** @type {const} */ ([
  ['variants', 'Purge variants', 'all variants', 'variant'],
  ['infos', 'Purge infos', 'all infos', 'info'],
  ['sources', 'Purge originals', 'all originals', 'source'],
  ['queue', 'Empty the queue', 'all jobs of the prefetcher', undefined],
  ['all', 'Purge everything', 'everything', undefined],
]);

/** What cleans up, and what purges. */
export class Cleaning {
  #purges;

  /** @param {() => void} changed called when something was done */
  constructor(changed) {
    const confirm = async (/** @type {Question} */ question) => {
      if (await confirmAndTell(question)) changed();
    };
    const sweeps = SWEEPS.map((question) => button(question.label, () => confirm(question)));
    this.#purges = TARGETS.map(([target, label, what]) =>
      button(label, () => confirm(purging(target, label, what)), {
        class: 'button is-dangerous',
        'data-target': target,
      }),
    );
    byId('cleaning').append(
      element('div', { class: 'buttons' }, sweeps),
      element('div', { class: 'buttons' }, this.#purges),
    );
  }

  /** Only what is cached, or was left by another time, can be purged. @param {any} status of the admin API */
  show({ kinds, usage, prefetch }) {
    const isThere = (/** @type {string} */ kind) => kinds.includes(kind) || usage?.[kind].entries > 0;
    for (const [index, [target, , , kind]] of TARGETS.entries()) {
      const purge = this.#purges[index];
      if (purge) purge.hidden = target === 'queue' ? prefetch === undefined : kind !== undefined && !isThere(kind);
    }
  }
}

/**
 * @param {string} target
 * @param {string} label
 * @param {string} what
 * @returns {Question}
 */
function purging(target, label, what) {
  const text =
    target === 'queue'
      ? 'What is queued will not be cached beforehand.'
      : `${what.charAt(0).toUpperCase()}${what.slice(1)} will go. What is asked for next is made anew from the originals, which takes time.`;
  return { title: `${label}?`, text, label, path: `cache?target=${target}`, method: 'DELETE', isDangerous: true };
}
