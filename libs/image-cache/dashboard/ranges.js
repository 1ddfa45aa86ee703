import { showChoice } from './choice.js';
import { byId } from './dom.js';

/** Seconds. */
const RANGES = /** @type {const} */ ([
  ['900', '15 min'],
  ['3600', '1 h'],
  ['21600', '6 h'],
  ['172800', '2 days'],
]);

const REMEMBERED = 'image-cache-dashboard-range';

/**
 * Lets one choose what time is shown.
 *
 * @param {(seconds: number) => void} onChange
 * @returns {number} the one to begin with
 */
export function chooseRange(onChange) {
  const known = localStorage.getItem(REMEMBERED);
  const first = RANGES.find(([seconds]) => seconds === known)?.[0] ?? '3600';
  showChoice(byId('ranges'), {
    name: 'range',
    options: RANGES,
    first,
    onChange: (seconds) => {
      localStorage.setItem(REMEMBERED, seconds);
      onChange(Number(seconds));
    },
  });
  return Number(first);
}
