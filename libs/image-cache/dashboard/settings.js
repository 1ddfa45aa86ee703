import { actAndTell } from './actions.js';
import { byId, element } from './dom.js';
import { tell } from './messages.js';

/** What can be set while the server runs. */
export class Settings {
  #changed;
  #hot = element('input', { id: 'hot', type: 'text', inputmode: 'text', placeholder: '64MB', size: '10' });
  #hotField = element('label', { class: 'field', for: 'hot' }, ['Memory for the most recent variants', this.#hot]);
  #worker = element('input', { id: 'worker-on', type: 'checkbox', role: 'switch' });
  /** How the server has them, as far as the page knows. */
  #known = { hot: '', isOn: false };

  /** @param {() => void} changed called when something was set */
  constructor(changed) {
    this.#changed = changed;
    byId('settings').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#configure();
    });
  }

  /** What one has changed, or is about to, is not written over. @param {any} status of the admin API */
  show({ stats, worker }) {
    const size = stats?.hot?.maxSize;
    const { hot, isOn } = this.#chosen();
    const isHotChanged = hot !== this.#known.hot;
    if (isHotChanged || document.activeElement !== this.#hot)
      this.#known.hot = size === undefined ? '' : sizeText(size);
    if (!isHotChanged) this.#hot.value = this.#known.hot;
    const isWorkerChanged = isOn !== this.#known.isOn;
    if (isWorkerChanged || document.activeElement !== this.#worker) this.#known.isOn = worker?.enabled === true;
    if (!isWorkerChanged) this.#worker.checked = this.#known.isOn;
    this.#hotField.hidden = size === undefined;
    if (!this.#hotField.isConnected) this.#append();
  }

  #append() {
    byId('settings').append(
      this.#hotField,
      element('label', { class: 'field', for: 'worker-on' }, ['Worker sweeps at its interval', this.#worker]),
      element('div', { class: 'buttons' }, [element('button', { class: 'button', type: 'submit' }, ['Apply'])]),
    );
  }

  #chosen() {
    return { hot: this.#hot.value.trim(), isOn: this.#worker.checked };
  }

  /** Sends only what is another one. */
  async #configure() {
    const chosen = this.#chosen();
    /** @type {Record<string, unknown>} */
    const body = {};
    if (chosen.hot !== this.#known.hot) body['hot'] = chosen.hot;
    if (chosen.isOn !== this.#known.isOn) body['worker'] = chosen.isOn ? {} : false;
    if (Object.keys(body).length === 0) {
      tell('Nothing is changed.');
      return;
    }
    await actAndTell({
      path: 'actions/configure',
      body,
      done: ({ changed }) => {
        this.#known = chosen;
        return `Changed: ${changed.join(', ')}.`;
      },
    });
    this.#changed();
  }
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
