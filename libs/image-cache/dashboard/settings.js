import { actAndTell } from './actions.js';
import { byId, element } from './dom.js';
import { tell } from './messages.js';

/** What can be set while the server runs. */
export class Settings {
  #changed;
  #isSet = false;

  /** @param {() => void} changed called when something was set */
  constructor(changed) {
    this.#changed = changed;
    byId('settings').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#configure();
    });
  }

  /** Once: what one is writing is not written over. @param {any} status of the admin API */
  show({ stats, worker }) {
    if (this.#isSet) return;
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
      tell('Nothing is changed.');
      return;
    }
    await actAndTell({
      path: 'actions/configure',
      body,
      done: ({ changed }) => {
        form.dataset['hot'] = hot;
        form.dataset['worker'] = String(isOn);
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
