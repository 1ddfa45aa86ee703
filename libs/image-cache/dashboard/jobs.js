import { actAndTell } from './actions.js';
import { ask, reason } from './api.js';
import { showChoice } from './choice.js';
import { button, byId, emptyTable } from './dom.js';
import { plural } from './format.js';
import { hasFailed, HEAD, JobRow, TEXTS } from './job-row.js';
import { Pager } from './pager.js';

/** @typedef {import('./job-row.js').Job} Job */

/** Jobs of a page. */
const PAGE = 25;

/** Milliseconds after which the list is looked at again although no count has changed. */
const STALE = 10_000;

const STATES = /** @type {const} */ ([
  ['', 'All'],
  ['running', 'Running'],
  ['queued', 'Queued'],
  ['dead', 'Given up'],
]);

/** The jobs of the prefetcher, page by page; looked at again when something has changed, while it is seen. */
export class Jobs {
  #changed;
  #state = '';
  /** @type {Map<string, JobRow>} */
  #rows = new Map();
  #table = emptyTable({ label: 'Jobs of the prefetcher', head: HEAD, texts: TEXTS });
  #pager = new Pager(() => void this.#load());
  #retryAll = button('Retry all that have failed', () => this.#retry(), { id: 'retry-all' });
  /** @type {any} */
  #counts;
  /** Whether one that has failed is in the list. */
  #isFailedShown = false;
  #isSeen = false;
  #isWanted = false;
  /** @type {Promise<void> | undefined} */
  #loading;
  #loadedAt = 0;
  #known = '';

  /** @param {() => void} changed called when something was done */
  constructor(changed) {
    this.#changed = changed;
    showChoice(byId('jobs-states'), {
      name: 'jobs-state',
      options: STATES,
      first: '',
      onChange: (state) => {
        this.#state = state;
        this.#pager.restart();
      },
    });
    this.#table.element.hidden = true;
    byId('jobs-list').append(this.#table.element);
    byId('jobs-foot').append(this.#pager.element, this.#retryAll);
    new IntersectionObserver(([entry]) => {
      this.#isSeen = entry?.isIntersecting === true;
      this.#refresh();
    }).observe(byId('jobs'));
  }

  /** @param {any} counts how the prefetcher is at the moment, where there is one */
  follow(counts) {
    this.#counts = counts;
    for (const id of ['jobs', 'jobs-link']) byId(id).hidden = counts === undefined;
    if (counts === undefined) return;
    this.#offerRetry();
    if (this.#loadedAt === 0) byId('jobs-note').textContent = this.#total() === 0 ? this.#emptyText() : '…';
    this.#refresh();
  }

  /** Only where there is something to retry, as far as the page knows. */
  #offerRetry() {
    const isFocused = document.activeElement === this.#retryAll;
    this.#retryAll.hidden = this.#counts.dead === 0 && !this.#isFailedShown;
    if (isFocused && this.#retryAll.hidden) focusStates();
  }

  /** What nobody sees is not asked for, nor what cannot have changed. */
  #refresh() {
    if (this.#counts === undefined || !this.#isSeen || document.visibilityState !== 'visible') return;
    const { queued, running, dead, completed, failures } = this.#counts;
    const known = JSON.stringify([queued, running, dead, completed, failures]);
    if (known === this.#known && running === 0 && Date.now() - this.#loadedAt < STALE) return;
    this.#known = known;
    void this.#load();
  }

  /** One at a time; who wants it meanwhile gets what is there afterwards. */
  #load() {
    this.#isWanted = true;
    this.#loading ??= this.#loadWanted().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #loadWanted() {
    while (this.#isWanted) {
      this.#isWanted = false;
      try {
        const asked = this.#query();
        const { jobs, next } = await ask(`queue?${asked}`);
        this.#loadedAt = Date.now();
        // Another page may be wanted meanwhile, or because this one is empty.
        if (asked === this.#query()) this.#pager.show(next, jobs.length);
        if (asked === this.#query()) this.#show(jobs);
      } catch (error) {
        byId('jobs-note').textContent = reason(error);
      }
    }
  }

  /** What the page is that is to be shown. */
  #query() {
    const { after } = this.#pager;
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (this.#state !== '') query.set('state', this.#state);
    if (after !== undefined) query.set('after', after);
    return String(query);
  }

  /** @param {Job[]} jobs */
  #show(jobs) {
    const rows = new Map(jobs.map((job) => [job.id, this.#rows.get(job.id) ?? this.#rowOf(job)]));
    for (const job of jobs) rows.get(job.id)?.show(job);
    this.#rows = rows;
    this.#isFailedShown = jobs.some(hasFailed);
    this.#offerRetry();
    this.#table.show([...rows.values()].map(({ element }) => element));
    this.#table.element.hidden = jobs.length === 0;
    byId('jobs-note').textContent = jobs.length === 0 ? this.#emptyText() : this.#pager.text(PAGE, this.#total());
  }

  #emptyText() {
    return this.#state === '' ? 'The queue is empty.' : 'There is no such job.';
  }

  #total() {
    const { queued, running, dead } = this.#counts;
    return { '': queued + running + dead, queued, running, dead }[this.#state];
  }

  /** @param {Job} job */
  #rowOf({ identifier }) {
    return new JobRow(identifier, {
      retry: () => this.#retry(identifier),
      cancel: () =>
        this.#act({
          path: `queue/${encodeURIComponent(identifier)}`,
          method: 'DELETE',
          done: () => `${identifier} is out of the queue.`,
        }),
    });
  }

  /** @param {string} [identifier] all that have failed when it is absent */
  #retry(identifier) {
    return this.#act({
      path: 'actions/retry',
      body: identifier === undefined ? {} : { identifier },
      done: ({ retried }) =>
        identifier === undefined ? `${plural(retried, 'job')} queued anew.` : `${identifier} is queued anew.`,
    });
  }

  /** What was done shows at once. @param {Parameters<typeof actAndTell>[0]} action */
  async #act(action) {
    const focused = document.activeElement?.closest('tr')?.rowIndex;
    await actAndTell(action);
    await this.#load();
    if (focused !== undefined && hasLostFocus() && !this.#table.focus(focused)) focusStates();
    this.#changed();
  }
}

function focusStates() {
  byId('jobs-states').querySelector('input')?.focus();
}

/** Whether the button that had the focus has gone. */
function hasLostFocus() {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body || !activeElement.checkVisibility();
}
