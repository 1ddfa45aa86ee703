import { byId } from './dom.js';

/** Milliseconds for which what went well is shown; what went wrong stays until it is closed. */
const SHOWN = 12_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let ending;

/**
 * Says what came of something, where it is seen wherever one is on the page.
 *
 * @param {string} text
 * @param {boolean} [isBad]
 */
export function tell(text, isBad = false) {
  clearTimeout(ending);
  byId('result').textContent = text;
  byId('message').classList.toggle('is-bad', isBad);
  byId('message').classList.add('is-shown');
  byId('message-close').hidden = false;
  if (!isBad) ending = setTimeout(hide, SHOWN);
}

/** The text stays where it is: who listens to the page may still be at it. */
function hide() {
  byId('message').classList.remove('is-shown');
  byId('message-close').hidden = true;
}

byId('message-close').addEventListener('click', hide);
