import { showChoice } from './choice.js';
import { moment } from './clock.js';
import { element, emptyTable, none, row } from './dom.js';
import { ago, bytes, number } from './format.js';
import { pathOf, picture, TEMPLATES } from './image-parts.js';
import { Pager } from './pager.js';

/** @typedef {{ kind: string, operations?: string, size: number, createdAt: string, lastAccess: string, hits?: number }} Entry */

/** Entries of a page. */
const PAGE = 20;

const HEAD = ['What', 'Size', 'Made', 'Last used', 'Hits'];

const ORDERS = /** @type {const} */ ([
  ['lastAccess', 'Last used'],
  ['size', 'Size'],
]);

/** @type {Readonly<Record<'lastAccess' | 'size', (a: Entry, b: Entry) => number>>} */
const COMPARE = {
  lastAccess: (a, b) => Date.parse(b.lastAccess) - Date.parse(a.lastAccess),
  size: (a, b) => b.size - a.size,
};

/** @type {Record<string, string>} */
const KINDS = { info: 'Info', source: 'Original' };

/** All entries of an image, page by page: its info and its original first, then the variants in an order that one chooses. */
export class Entries {
  #identifier;
  #entries;
  /** @type {keyof typeof COMPARE} */
  #order = 'lastAccess';
  #table;
  #note = element('p', { class: 'figure-note' });
  #pager = new Pager(() => {
    this.#show();
  });
  element;

  /**
   * @param {string} identifier
   * @param {Entry[]} entries
   */
  constructor(identifier, entries) {
    this.#identifier = identifier;
    this.#entries = entries;
    this.#table = emptyTable({ label: `Entries of ${identifier}`, head: HEAD });
    const orders = element('fieldset', { class: 'ranges' }, [
      element('legend', { class: 'visually-hidden' }, ['Order of the variants']),
    ]);
    showChoice(orders, {
      name: 'order',
      options: ORDERS,
      first: this.#order,
      onChange: (order) => {
        this.#order = order;
        this.#pager.restart();
      },
    });
    this.element = element('div', { class: 'entries' }, [
      element('div', { class: 'foot' }, [this.#note, orders]),
      this.#table.element,
      this.#pager.element,
    ]);
    this.#show();
  }

  #show() {
    const others = this.#entries.filter(({ kind }) => kind !== 'variant');
    const variants = this.#entries.filter(({ kind }) => kind === 'variant').sort(COMPARE[this.#order]);
    const start = Number(this.#pager.after ?? 0);
    const shown = [...others, ...variants].slice(start, start + PAGE);
    const end = start + shown.length;
    this.#pager.show(end < this.#entries.length ? String(end) : undefined, shown.length);
    this.#note.textContent = `Entries ${this.#pager.text(PAGE, this.#entries.length)}`;
    this.#table.show(shown.map((entry) => entryRow(this.#identifier, entry)));
  }
}

/**
 * @param {string} identifier
 * @param {Entry} entry
 */
function entryRow(identifier, { kind, operations = '', size, createdAt, lastAccess, hits }) {
  const path = kind === 'variant' ? pathOf(TEMPLATES['variant'], identifier, operations) : undefined;
  const cells = [
    element('span', { class: 'entry' }, [
      ...(path === undefined ? [] : [picture(path, '')]),
      element('span', { class: 'operations' }, [KINDS[kind] ?? operations.split(';', 1)[0] ?? '']),
    ]),
    bytes(size),
    timeOf(createdAt),
    timeOf(lastAccess),
    hits === undefined ? none() : number(hits),
  ];
  return row(cells, { head: HEAD });
}

/** @param {string} iso */
function timeOf(iso) {
  return element('time', { datetime: iso, title: moment(iso) }, [ago(iso)]);
}
