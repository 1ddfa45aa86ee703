import { actAndTell } from './actions.js';
import { button, byId, element, facts } from './dom.js';
import { duration, number, plural, until } from './format.js';

/** How the prefetch queue is, and what has it work or rest. */
export class QueueCard {
  #changed;
  #now = button('Prefetch now', () => this.#act({ path: 'actions/prefetch', body: {}, done: prefetchText }), {
    id: 'prefetch',
  });
  #pause = button('Pause', () => this.#togglePause(), { id: 'pause' });
  // Buttons stay where they are: who has the focus on one keeps it.
  #buttons = element('div', { class: 'buttons' }, [this.#now, this.#pause]);
  #facts = element('div');
  #bar = element('progress', { 'aria-label': 'Jobs that are done' });
  #isPaused = false;

  /** @param {() => void} changed called when something was done */
  constructor(changed) {
    this.#changed = changed;
  }

  /** @param {any} prefetch how the prefetcher is, where there is one */
  show(prefetch) {
    if (prefetch === undefined) {
      byId('queue').replaceChildren(element('p', { class: 'empty' }, ['There is no prefetcher.']));
      return;
    }
    const { queued, running, dead, completed, failures, isPaused, nextAt } = prefetch;
    this.#facts.replaceChildren(
      facts([
        ['State', isPaused ? 'paused' : running > 0 ? 'at work' : 'waiting'],
        ['Queued', number(queued)],
        ['Running', number(running)],
        ['Done', number(completed)],
        ['Given up', failures > 0 ? `${number(dead)}, ${plural(failures, 'failure')}` : number(dead)],
        ...(typeof nextAt === 'string' ? [/** @type {const} */ (['Next run', until(nextAt)])] : []),
      ]),
    );
    this.#bar.max = Math.max(1, queued + running + completed);
    this.#bar.value = completed;
    this.#isPaused = isPaused;
    this.#pause.textContent = isPaused ? 'Go on' : 'Pause';
    if (!this.#buttons.isConnected) byId('queue').replaceChildren(this.#facts, this.#bar, this.#buttons);
  }

  #togglePause() {
    return this.#isPaused
      ? this.#act({ path: 'actions/resume', done: () => 'The prefetcher goes on.' })
      : this.#act({ path: 'actions/pause', done: () => 'The prefetcher is paused.' });
  }

  /** @param {Parameters<typeof actAndTell>[0]} action */
  async #act(action) {
    await actAndTell(action);
    this.#changed();
  }
}

/** @param {any} report */
function prefetchText({ completed, rendered, cached, failed, duration: time }) {
  return `Prefetched ${plural(completed, 'image')} in ${duration(time)}: ${number(rendered)} made, ${number(cached)} there before, ${number(failed)} failed.`;
}
