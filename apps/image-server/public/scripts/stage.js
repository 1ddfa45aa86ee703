import { describeImage, imageUri, readJson } from './api.js';
import { byId } from './dom.js';
import { factsOf, linksOf } from './facts.js';
import { titleOf } from './format.js';
import { Recorder } from './recorder.js';
import { RequestLog } from './request-log.js';
import { ACTIONS_OF_KEYS, ZoomView } from './zoom-view.js';

const TOOLS = /** @type {const} */ (['zoom-in', 'zoom-out', 'whole', 'rotate']);

/** Shows one image, what is known about it, and how the requests for it were answered. */
export class Stage {
  #stage = byId('stage');
  #log = new RequestLog();
  /** @type {ZoomView | undefined} */
  #view;
  #closing = new AbortController();

  constructor() {
    for (const tool of TOOLS) byId(tool).addEventListener('click', () => this.#view?.do(tool));
    byId('panel-toggle').addEventListener('click', () => {
      this.#togglePanel();
    });
    document.addEventListener('keydown', (event) => {
      if (!this.#stage.hidden) this.#press(event);
    });
  }

  /**
   * @param {string} identifier
   * @param {string | null} region `x,y,w,h` in pixels of the image
   */
  async open(identifier, region) {
    this.close();
    this.#closing = new AbortController();
    const { signal } = this.#closing;
    this.#prepare(identifier);
    const recorder = new Recorder((request) => {
      if (!signal.aborted) this.#log.add(request);
    });
    try {
      const [{ response }, image] = await Promise.all([
        recorder.fetch(`${imageUri(identifier)}/info.json`, signal),
        describeImage(identifier),
      ]);
      const service = await readJson(response);
      if (signal.aborted) return;
      byId('facts').replaceChildren(...factsOf(image, service));
      this.#stage.classList.toggle('is-transparent', image.hasAlpha);
      this.#view = new ZoomView({ identifier, service, isTransparent: image.hasAlpha, recorder, region });
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  close() {
    this.#closing.abort();
    this.#view?.close();
    this.#view = undefined;
    this.#stage.hidden = true;
  }

  /** @param {KeyboardEvent} event */
  #press({ key, ctrlKey, metaKey, altKey }) {
    if (ctrlKey || metaKey || altKey) return;
    if (key === 'Escape') location.hash = '#/';
    if (key === 'Tab') this.#stage.classList.add('is-by-keys');
    if (key === 'i') this.#togglePanel();
    const action = ACTIONS_OF_KEYS[key];
    if (action !== undefined) this.#view?.do(action);
  }

  /** @param {string} identifier */
  #prepare(identifier) {
    this.#log.clear();
    this.#stage.classList.remove('is-broken', 'is-transparent');
    this.#stage.hidden = false;
    byId('stage-message').hidden = true;
    byId('stage-title').textContent = titleOf(identifier);
    byId('stage-identifier').textContent = identifier;
    byId('facts').replaceChildren();
    byId('links').replaceChildren(...linksOf(identifier));
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#stage.classList.add('is-broken');
    byId('stage-reason').textContent = error instanceof Error ? error.message : String(error);
    byId('stage-message').hidden = false;
    byId('back').focus();
  }

  #togglePanel() {
    const isHidden = this.#stage.classList.toggle('is-panel-hidden');
    byId('panel-toggle').setAttribute('aria-expanded', String(!isHidden));
  }
}
