import { element } from './dom.js';

/**
 * Lets one choose one of a few, as a row of radio buttons.
 *
 * @template {string} T
 * @param {HTMLElement} host
 * @param {{ name: string, options: readonly (readonly [T, string])[], first: T, onChange: (chosen: T) => void }} choice
 */
export function showChoice(host, { name, options, first, onChange }) {
  for (const [value, label] of options) {
    const input = element('input', { type: 'radio', name, value });
    input.checked = value === first;
    input.addEventListener('change', () => {
      onChange(value);
    });
    host.append(element('label', {}, [input, element('span', {}, [label])]));
  }
}
