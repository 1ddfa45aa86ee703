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
 * A table with a head; in the narrow, it is scrolled by itself.
 *
 * @param {{ label: string, head: readonly string[], rows: readonly (readonly (Node | string)[])[] }} content
 */
export function table({ label, head, rows }) {
  const cells = (/** @type {readonly (Node | string)[]} */ row) => row.map((cell) => element('td', {}, [cell]));
  return element('div', { class: 'scrolled', tabindex: '0', role: 'region', 'aria-label': label }, [
    element('table', {}, [
      element('thead', {}, [
        element(
          'tr',
          {},
          head.map((name) => element('th', { scope: 'col' }, [name])),
        ),
      ]),
      element(
        'tbody',
        {},
        rows.map((row) => element('tr', {}, cells(row))),
      ),
    ]),
  ]);
}
