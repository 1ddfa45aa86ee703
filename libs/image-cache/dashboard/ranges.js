import { byId, element } from './dom.js';

const RANGES = /** @type {const} */ ([
  [900, '15 min'],
  [3600, '1 h'],
  [21_600, '6 h'],
  [172_800, '2 days'],
]);

const REMEMBERED = 'image-cache-dashboard-range';

/**
 * Lets one choose what time is shown.
 *
 * @param {(seconds: number) => void} onChange
 * @returns {number} the one to begin with
 */
export function chooseRange(onChange) {
  const known = Number(localStorage.getItem(REMEMBERED));
  const first = RANGES.find(([seconds]) => seconds === known)?.[0] ?? 3600;
  for (const [seconds, label] of RANGES) {
    const input = element('input', { type: 'radio', name: 'range', value: String(seconds) });
    input.checked = seconds === first;
    input.addEventListener('change', () => {
      localStorage.setItem(REMEMBERED, String(seconds));
      onChange(seconds);
    });
    byId('ranges').append(element('label', {}, [input, element('span', {}, [label])]));
  }
  return first;
}
