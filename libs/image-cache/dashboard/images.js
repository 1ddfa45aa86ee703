import { actAndTell, confirmAndTell } from './actions.js';
import { ask, imagePath, reason } from './api.js';
import { button, byId, element, facts } from './dom.js';
import { confirmed } from './dialog.js';
import { Entries } from './entries.js';
import { bytes, number, plural } from './format.js';
import { hashOf, infoText, jobText, pathOf, picture, TEMPLATES } from './image-parts.js';
import { tell } from './messages.js';

/** The images that are used most, and one that is looked up. */
export class Images {
  #opened = '';
  #shown = '';

  constructor() {
    byId('search').addEventListener('submit', (event) => {
      event.preventDefault();
      const { value } = /** @type {HTMLInputElement} */ (byId('search-text'));
      const hash = hashOf(value.trim());
      if (value.trim() !== '' && hash !== location.hash) history.pushState(null, '', hash);
      void this.open(value.trim());
    });
    addEventListener('hashchange', () => void this.#follow());
    addEventListener('click', ({ target }) => {
      const link = target instanceof Element ? target.closest('a') : null;
      // To the browser, a link to where it is already is none.
      if (link?.hash === location.hash) void this.#follow();
    });
    void this.#follow();
  }

  /** Opens what the address names, and leads there: a link to it may be far below. */
  async #follow() {
    const [, written] = /^#image\/(.+)$/.exec(location.hash) ?? [];
    const identifier = written === undefined ? undefined : decoded(written);
    if (identifier === undefined) return;
    await this.open(identifier);
    if (this.#opened !== identifier) return;
    const heading = byId('image').querySelector('h3');
    heading?.setAttribute('tabindex', '-1');
    heading?.focus({ preventScroll: true });
    byId('image').scrollIntoView();
  }

  /** @param {{ identifier: string, uses: number }[]} top */
  showTop(top) {
    byId('wall-empty').hidden = top.length > 0;
    const shown = top.slice(0, 12);
    // Pictures that are there stay: they would flicker.
    const key = JSON.stringify(shown.map(({ identifier }) => identifier));
    const wall = byId('wall');
    if (key !== this.#shown) {
      this.#shown = key;
      wall.replaceChildren(...shown.map(({ identifier }) => work(identifier)));
    }
    for (const [index, { uses }] of shown.entries()) {
      const note = wall.children[index]?.querySelector('.work-note');
      if (note) note.textContent = plural(uses, 'use');
    }
  }

  /** @param {string} identifier */
  async open(identifier) {
    this.#opened = identifier;
    const host = byId('image');
    host.hidden = identifier === '';
    if (identifier === '') return;
    /** @type {HTMLInputElement} */ (byId('search-text')).value = identifier;
    try {
      const image = await ask(imagePath(identifier));
      this.#show(identifier, () => this.#described(image), `${identifier}: ${image.state}`);
    } catch (error) {
      this.#show(identifier, () => this.#unknown(identifier, reason(error)), `${identifier}: ${reason(error)}`);
    }
  }

  /**
   * Unless another one was opened meanwhile.
   *
   * @param {string} identifier
   * @param {() => HTMLElement[]} describe
   * @param {string} said to those who listen to the page
   */
  #show(identifier, describe, said) {
    if (this.#opened !== identifier) return;
    byId('image').replaceChildren(...describe());
    byId('image-said').textContent = said;
  }

  /** @param {string} identifier @param {string} why */
  #unknown(identifier, why) {
    return [
      element('h3', {}, [identifier]),
      element('p', { class: 'empty' }, [why]),
      element('div', { class: 'buttons' }, [
        button('Warm', () => this.#warm(identifier), { id: 'warm' }),
        button('Close', () => this.#close(), { id: 'close-image' }),
      ]),
    ];
  }

  /** @param {any} image of the admin API */
  #described(image) {
    const { identifier, state, entries = [], bytes: size, hits, info, job } = image;
    const link = pathOf(TEMPLATES['page'], identifier);
    return [
      element('div', { class: 'image-head' }, [
        picture(pathOf(TEMPLATES['thumbnail'], identifier), ''),
        element('div', {}, [
          element('h3', {}, link === undefined ? [identifier] : [element('a', { href: link }, [identifier])]),
          facts([
            ['State', state],
            ['Entries', `${number(entries.length)}, ${bytes(size ?? 0)}`],
            ...(hits === undefined ? [] : [/** @type {const} */ (['Hits', number(hits)])]),
            ...(info === undefined ? [] : [/** @type {const} */ (['Original', infoText(info)])]),
            ...(job === undefined ? [] : [/** @type {const} */ (['Job', jobText(job)])]),
          ]),
          element('div', { class: 'buttons' }, [
            button('Evict', () => this.#evict(identifier), { class: 'button is-dangerous', id: 'evict' }),
            button('Warm again', () => this.#warmAgain(identifier), { id: 'warm' }),
            button('Close', () => this.#close(), { id: 'close-image' }),
          ]),
        ]),
      ]),
      ...(entries.length === 0 ? [] : [new Entries(identifier, entries).element]),
    ];
  }

  #close() {
    history.replaceState(null, '', '#images');
    byId('search-text').focus();
    void this.open('');
  }

  /** @param {string} identifier */
  async #evict(identifier) {
    const question = {
      title: 'Evict this image?',
      text: `All that is cached of ${identifier} will go; it is made anew when it is asked for.`,
      label: 'Evict',
      path: imagePath(identifier),
      method: /** @type {const} */ ('DELETE'),
      isDangerous: true,
    };
    if (await confirmAndTell(question, `Evicted ${identifier}`)) await this.#openAgain(identifier);
  }

  /** @param {string} identifier */
  async #warm(identifier) {
    await actAndTell({
      path: imagePath(identifier),
      method: 'PUT',
      body: {},
      done: ({ status }) => `${identifier}: ${WARMED[status] ?? status}.`,
    });
    await this.#openAgain(identifier);
  }

  /** What is cached of it goes, and is made anew. @param {string} identifier */
  async #warmAgain(identifier) {
    const outcome = await confirmed({
      title: 'Warm this image again?',
      text: `All that is cached of ${identifier} will go, and its variants are queued to be made anew.`,
      label: 'Warm again',
      path: 'actions/changed',
      method: 'POST',
      body: { identifiers: [identifier] },
    });
    if (outcome === undefined) return;
    tell(`${identifier}: evicted, and queued to be made anew.`);
    await this.#openAgain(identifier);
  }

  /** Unless another one was opened meanwhile; the focus stays where it was. @param {string} identifier */
  async #openAgain(identifier) {
    if (this.#opened !== identifier) return;
    await this.open(identifier);
    if (this.#opened === identifier) document.getElementById('warm')?.focus();
  }
}

/** An identifier as it stands in an address, if it is one. @param {string} written */
function decoded(written) {
  try {
    return decodeURIComponent(written);
  } catch {
    return undefined;
  }
}

/** @type {Record<string, string>} */
const WARMED = {
  queued: 'queued for the prefetcher',
  'already-queued': 'is queued already',
  writing: 'is being written',
  cached: 'is cached already',
};

/** @param {string} identifier */
function work(identifier) {
  return element('li', { class: 'work' }, [
    element('a', { href: hashOf(identifier) }, [
      picture(pathOf(TEMPLATES['thumbnail'], identifier), ''),
      element('span', { class: 'work-title' }, [identifier]),
      element('span', { class: 'work-note' }),
    ]),
  ]);
}
