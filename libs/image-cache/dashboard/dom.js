/**
 * An element of the page that has to be there.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`There is no element ${id}.`);
  return found;
}

/**
 * Makes an element. Texts are set as texts, never as markup: names of files are not ours.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} [attributes]
 * @param {readonly (Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * A button that does something; while it is at it, it cannot be pressed again.
 *
 * @param {string} label
 * @param {() => unknown} act
 * @param {Record<string, string>} [attributes]
 */
export function button(label, act, attributes = {}) {
  const made = element('button', { class: 'button', type: 'button', ...attributes }, [label]);
  made.addEventListener('click', () => {
    if (made.hasAttribute('aria-disabled')) return;
    made.setAttribute('aria-disabled', 'true');
    void Promise.resolve(act()).finally(() => {
      made.removeAttribute('aria-disabled');
    });
  });
  return made;
}

/**
 * A list of names and values.
 *
 * @param {readonly (readonly [string, Node | string])[]} facts
 */
export function facts(facts) {
  return element(
    'dl',
    { class: 'facts' },
    facts.flatMap(([name, value]) => [element('dt', {}, [name]), element('dd', {}, [value])]),
  );
}

/**
 * @typedef {Node | string} Cell
 * @typedef {{ label: string, head: readonly string[], texts?: readonly number[] }} Columns
 */

/**
 * A table with a head; in the narrow, its rows are stacked. Roles are said: what is laid out in another way would lose its own.
 *
 * @param {Columns & { rows: readonly (readonly Cell[])[] }} content
 */
export function table({ rows, ...columns }) {
  const made = emptyTable(columns);
  made.show(rows.map((cells) => row(cells, columns)));
  return made.element;
}

/**
 * A table whose rows come and go.
 *
 * @param {Columns} columns
 */
export function emptyTable({ label, head, texts = [] }) {
  const cells = head.map((name, index) =>
    element('th', { scope: 'col', ...cellAttributes('columnheader', index, texts) }, [name]),
  );
  const body = element('tbody', { role: 'rowgroup' });
  const host = element('div', { class: 'tabular' }, [
    element('table', { role: 'table', 'aria-label': label }, [
      element('thead', { role: 'rowgroup' }, [element('tr', { role: 'row' }, cells)]),
      body,
    ]),
  ]);
  return {
    element: host,
    /** Rows that are there already stay where they are, as long as they are in the same order. @param {HTMLElement[]} rows */
    show(rows) {
      const isSame = rows.length === body.children.length && rows.every((each, index) => each === body.children[index]);
      if (isSame) return;
      const focused = document.activeElement;
      body.replaceChildren(...rows);
      if (focused instanceof HTMLElement && body.contains(focused)) focused.focus({ preventScroll: true });
    },
    /** Sets the focus near where it was, if there is a row left. @param {number} index of the row, the head included */
    focus(index) {
      const near = body.children[Math.min(index, body.children.length) - 1]?.querySelector('button:not([hidden])');
      if (near instanceof HTMLElement) near.focus();
      return near instanceof HTMLElement;
    },
  };
}

/** What there is none of; in the narrow, it takes no room. */
export function none() {
  return element('span', { class: 'none' }, ['–']);
}

/**
 * A row of a table.
 *
 * @param {readonly Cell[]} cells
 * @param {Pick<Columns, 'head' | 'texts'>} columns
 */
export function row(cells, { head, texts = [] }) {
  return element(
    'tr',
    { role: 'row' },
    cells.map((cell, index) =>
      element('td', { 'data-head': head[index] ?? '', ...cellAttributes('cell', index, texts) }, [cell]),
    ),
  );
}

/**
 * @param {string} role
 * @param {number} index
 * @param {readonly number[]} texts columns that are no numbers, beside the first one
 */
function cellAttributes(role, index, texts) {
  return { role, ...(index === 0 || texts.includes(index) ? { class: 'is-text' } : {}) };
}
