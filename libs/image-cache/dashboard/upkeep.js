import { ask, reason } from './api.js';
import { button, byId, element, facts, table } from './dom.js';
import { confirmed, factsOf } from './dialog.js';
import { ago, bytes, duration, number, plural, until } from './format.js';

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

const TARGETS = /** @type {const} */ ([
  ['variants', 'Purge variants', 'all variants'],
  ['infos', 'Purge infos', 'all infos'],
  ['sources', 'Purge originals', 'all originals'],
  ['queue', 'Empty the queue', 'all jobs of the prefetcher'],
  ['all', 'Purge everything', 'everything'],
]);

/** The worker, the queue, settings, and what cleans up. */
export class Upkeep {
  #changed;
  #isSet = false;

  /** @param {() => void} changed called when something was done */
  constructor(changed) {
    this.#changed = changed;
    const sweeps = SWEEPS.map((question) => button(question.label, () => this.#confirm(question)));
    const purges = TARGETS.map(([target, label, what]) =>
      button(label, () => this.#confirm(purging(target, label, what)), {
        class: 'button is-dangerous',
        'data-target': target,
      }),
    );
    byId('cleaning').append(element('div', { class: 'buttons' }, sweeps), element('div', { class: 'buttons' }, purges));
    byId('settings').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#configure();
    });
  }

  /** @param {any} status of the admin API */
  show(status) {
    this.#showWorker(status.worker ?? { enabled: false });
    this.#showQueue(status.prefetch);
    if (!this.#isSet) this.#showSettings(status);
  }

  /** @param {string} text @param {boolean} [isBad] */
  tell(text, isBad = false) {
    byId('result').textContent = text;
    byId('result').classList.toggle('is-bad', isBad);
  }

  /** @param {Question} question */
  async #confirm(question) {
    const outcome = await confirmed(question);
    if (outcome === undefined) return;
    const told = factsOf(outcome).map(([name, value]) => `${name} ${value}`);
    this.tell(`${question.label}: ${told.length === 0 ? 'done' : told.join(', ')}.`);
    this.#changed();
  }

  /** @param {{ path: string, body?: object, done: (outcome: any) => string }} action */
  async #act({ path, body, done }) {
    try {
      this.tell(done(await ask(path, { method: 'POST', ...(body && { body }) })));
    } catch (error) {
      this.tell(reason(error), true);
    }
    this.#changed();
  }

  /** @param {any} worker */
  #showWorker({ enabled, interval, nextAt, lastAt, lastReport }) {
    const steps = lastReport?.steps ?? [];
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
      ...(steps.length === 0
        ? []
        : [
            table({
              label: 'Steps of the last shift',
              head: ['Step', 'Examined', 'Removed', 'Space', 'Failed'],
              rows: steps.map((/** @type {any} */ step) => [
                step.step,
                number(step.examined),
                number(step.removed),
                step.bytes > 0 ? bytes(step.bytes) : '–',
                step.failed > 0 ? number(step.failed) : '–',
              ]),
            }),
          ]),
    );
  }

  /** @param {any} prefetch */
  #showQueue(prefetch) {
    const host = byId('queue');
    if (prefetch === undefined) {
      host.replaceChildren(element('p', { class: 'empty' }, ['There is no prefetcher.']));
      return;
    }
    const { queued, running, dead, completed, failures, isPaused, nextAt } = prefetch;
    const total = queued + running + completed;
    const bar = element('progress', {
      max: String(Math.max(1, total)),
      value: String(completed),
      'aria-label': 'Jobs that are done',
    });
    // Buttons stay where they are: who has the focus on one keeps it.
    const buttons =
      host.querySelector('.buttons') ??
      element('div', { class: 'buttons' }, [
        button('Prefetch now', () => this.#act({ path: 'actions/prefetch', body: {}, done: prefetchText }), {
          id: 'prefetch',
        }),
        button('', () => this.#togglePause(), { id: 'pause' }),
      ]);
    host.replaceChildren(
      facts([
        ['State', isPaused ? 'paused' : running > 0 ? 'at work' : 'waiting'],
        ['Queued', number(queued)],
        ['Running', number(running)],
        ['Done', number(completed)],
        ['Given up', failures > 0 ? `${number(dead)}, ${plural(failures, 'failure')}` : number(dead)],
        ...(typeof nextAt === 'string' ? [/** @type {const} */ (['Next run', until(nextAt)])] : []),
      ]),
      bar,
      buttons,
    );
    const pause = byId('pause');
    pause.textContent = isPaused ? 'Go on' : 'Pause';
    pause.dataset['paused'] = String(isPaused);
  }

  #togglePause() {
    const isPaused = byId('pause').dataset['paused'] === 'true';
    const path = isPaused ? 'actions/resume' : 'actions/pause';
    return this.#act({ path, done: () => (isPaused ? 'The prefetcher goes on.' : 'The prefetcher is paused.') });
  }

  /** @param {any} status */
  #showSettings({ stats, worker }) {
    this.#isSet = true;
    const hotBytes = stats?.hot?.maxSize;
    const hot = element('input', { id: 'hot', type: 'text', inputmode: 'text', placeholder: '64MB', size: '10' });
    if (hotBytes !== undefined) hot.value = sizeText(hotBytes);
    const isOn = element('input', { id: 'worker-on', type: 'checkbox', role: 'switch' });
    isOn.checked = worker?.enabled === true;
    byId('settings').replaceChildren(
      ...(hotBytes === undefined
        ? []
        : [element('label', { class: 'field', for: 'hot' }, ['Memory for the most recent variants', hot])]),
      element('label', { class: 'field', for: 'worker-on' }, ['Worker sweeps at its interval', isOn]),
      element('div', { class: 'buttons' }, [element('button', { class: 'button', type: 'submit' }, ['Apply'])]),
    );
    byId('settings').dataset['hot'] = hot.value;
    byId('settings').dataset['worker'] = String(isOn.checked);
  }

  /** Sends only what is another one. */
  async #configure() {
    const form = byId('settings');
    const hot = /** @type {HTMLInputElement | null} */ (document.getElementById('hot'))?.value.trim() ?? '';
    const isOn = /** @type {HTMLInputElement} */ (byId('worker-on')).checked;
    /** @type {Record<string, unknown>} */
    const body = {};
    if (hot !== form.dataset['hot']) body['hot'] = hot;
    if (String(isOn) !== form.dataset['worker']) body['worker'] = isOn ? {} : false;
    if (Object.keys(body).length === 0) {
      this.tell('Nothing is changed.');
      return;
    }
    await this.#act({
      path: 'actions/configure',
      body,
      done: ({ changed }) => {
        form.dataset['hot'] = hot;
        form.dataset['worker'] = String(isOn);
        return `Changed: ${changed.join(', ')}.`;
      },
    });
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

/** Durations of the API are milliseconds, or texts with a unit. @param {number | string} interval */
function everyText(interval) {
  return typeof interval === 'number' ? duration(interval) : interval;
}

/** @param {any} report */
function prefetchText({ completed, rendered, cached, failed, duration: time }) {
  return `Prefetched ${plural(completed, 'image')} in ${duration(time)}: ${number(rendered)} made, ${number(cached)} there before, ${number(failed)} failed.`;
}

/** As it is written in options, exactly. @param {number} size */
function sizeText(size) {
  for (const [unit, factor] of /** @type {const} */ ([
    ['GB', 1024 ** 3],
    ['MB', 1024 ** 2],
    ['KB', 1024],
  ]))
    if (size >= factor && size % factor === 0) return `${size / factor}${unit}`;
  return String(size);
}
