import { ask, imagePath, reason } from './api.js';
import { button, byId, element, facts, table } from './dom.js';
import { confirmed, factsOf } from './dialog.js';
import { ago, bytes, number, plural } from './format.js';

/** Variants of an image that are shown. */
const SHOWN = 60;

const TEMPLATES = document.body.dataset;

/**
 * The path of a picture, where the application has said how it is made.
 *
 * @param {string | undefined} template
 * @param {string} identifier
 * @param {string} [operations]
 */
function pathOf(template, identifier, operations = '') {
  if (template === undefined || template === '') return undefined;
  const [what = ''] = operations.split(';', 1);
  if (template.includes('{operations}') && !/^[\w.,!^:/-]+$/.test(what)) return undefined;
  return template.replaceAll('{id}', encodeURIComponent(identifier)).replaceAll('{operations}', what);
}

/**
 * A picture that may not come.
 *
 * @param {string | undefined} path
 * @param {string} alt
 */
function picture(path, alt) {
  const frame = element('span', { class: 'frame' });
  if (path === undefined) return frame;
  const image = element('img', { src: path, alt, loading: 'lazy', decoding: 'async' });
  image.addEventListener('error', () => {
    image.remove();
  });
  image.addEventListener('load', () => {
    image.classList.add('is-loaded');
  });
  frame.append(image);
  return frame;
}

/** The images that are used most, and one that is looked up. */
export class Images {
  #opened = '';
  #shown = '';
  #upkeep;

  /** @param {import('./upkeep.js').Upkeep} upkeep tells what was done */
  constructor(upkeep) {
    this.#upkeep = upkeep;
    byId('search').addEventListener('submit', (event) => {
      event.preventDefault();
      const { value } = /** @type {HTMLInputElement} */ (byId('search-text'));
      if (value.trim() !== '') location.hash = `#image/${encodeURIComponent(value.trim())}`;
      void this.open(value.trim());
    });
    addEventListener('hashchange', () => {
      this.#follow();
    });
    this.#follow();
  }

  #follow() {
    const [, identifier] = /^#image\/(.+)$/.exec(location.hash) ?? [];
    if (identifier !== undefined && decodeURIComponent(identifier) !== this.#opened)
      void this.open(decodeURIComponent(identifier));
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
      if (this.#opened === identifier) host.replaceChildren(...this.#described(image));
    } catch (error) {
      if (this.#opened === identifier) host.replaceChildren(element('p', { class: 'empty' }, [reason(error)]));
    }
  }

  /** @param {any} image of the admin API */
  #described(image) {
    const { identifier, state, entries = [], bytes: size, hits, info, job } = image;
    const variants = entries.filter((/** @type {any} */ { kind }) => kind === 'variant');
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
            button('Warm again', () => this.#warm(identifier), { id: 'warm' }),
            button('Close', () => this.#close(), { id: 'close-image' }),
          ]),
        ]),
      ]),
      ...(entries.length === 0 ? [] : [entriesTable(identifier, entries)]),
      ...(variants.length > SHOWN
        ? [element('p', { class: 'figure-note' }, [`The first ${SHOWN} of ${number(variants.length)} variants.`])]
        : []),
    ];
  }

  #close() {
    history.replaceState(null, '', '#images');
    byId('search-text').focus();
    void this.open('');
  }

  /** @param {string} identifier */
  async #evict(identifier) {
    const outcome = await confirmed({
      title: 'Evict this image?',
      text: `All that is cached of ${identifier} will go; it is made anew when it is asked for.`,
      label: 'Evict',
      path: imagePath(identifier),
      method: 'DELETE',
      isDangerous: true,
    });
    if (outcome === undefined) return;
    const told = factsOf(outcome).map(([name, value]) => `${name} ${value}`);
    this.#upkeep.tell(`Evicted ${identifier}${told.length === 0 ? '' : `: ${told.join(', ')}`}.`);
    await this.open(identifier);
  }

  /** @param {string} identifier */
  async #warm(identifier) {
    try {
      const { status } = await ask(imagePath(identifier), { method: 'PUT', body: {} });
      this.#upkeep.tell(`${identifier}: ${WARMED[status] ?? status}.`);
    } catch (error) {
      this.#upkeep.tell(reason(error), true);
    }
    await this.open(identifier);
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
    element('a', { href: `#image/${encodeURIComponent(identifier)}` }, [
      picture(pathOf(TEMPLATES['thumbnail'], identifier), ''),
      element('span', { class: 'work-title' }, [identifier]),
      element('span', { class: 'work-note' }),
    ]),
  ]);
}

/**
 * @param {string} identifier
 * @param {any[]} entries
 */
function entriesTable(identifier, entries) {
  const variants = entries.filter(({ kind }) => kind === 'variant').slice(0, SHOWN);
  const others = entries.filter(({ kind }) => kind !== 'variant');
  return table({
    label: `Entries of ${identifier}`,
    head: ['', 'What', 'Size', 'Made', 'Last used', 'Hits'],
    rows: [...others, ...variants].map((entry) => [
      preview(identifier, entry),
      element('span', { class: 'operations' }, [KINDS[entry.kind] ?? (entry.operations ?? '').split(';', 1)[0]]),
      bytes(entry.size),
      ago(entry.createdAt),
      ago(entry.lastAccess),
      entry.hits === undefined ? '–' : number(entry.hits),
    ]),
  });
}

/**
 * @param {string} identifier
 * @param {any} entry
 */
function preview(identifier, { kind, operations }) {
  const path = kind === 'variant' ? pathOf(TEMPLATES['variant'], identifier, operations) : undefined;
  return path === undefined ? '' : picture(path, '');
}

/** @type {Record<string, string>} */
const KINDS = { info: 'Info', source: 'Original' };

/** @param {any} info */
function infoText({ width, height, format, pyramid = [] }) {
  const levels = pyramid.length > 1 ? `, ${pyramid.length} levels` : '';
  return `${number(width)} × ${number(height)}, ${String(format).toUpperCase()}${levels}`;
}

/** @param {any} job */
function jobText({ state, progress, error }) {
  const done = progress === undefined ? '' : `, ${number(progress.done)} of ${number(progress.total)}`;
  return `${state}${done}${error === undefined ? '' : `: ${error}`}`;
}
