import { ask, reason } from './api.js';
import { byId, facts } from './dom.js';
import { bytes, number, plural } from './format.js';

/**
 * Something that is asked about before it is done.
 *
 * @typedef {{
 *   title: string, text: string, label: string, path: string, method: 'POST' | 'DELETE', body?: object,
 *   isDangerous?: boolean,
 * }} Question
 */

const dialog = /** @type {HTMLDialogElement} */ (byId('dialog'));
const ok = /** @type {HTMLButtonElement} */ (byId('dialog-ok'));
const cancel = /** @type {HTMLButtonElement} */ (byId('dialog-cancel'));

/**
 * Asks whether something is to be done, shows what it would do, and does it. The dialog of the browser keeps the focus
 * inside, and gives it back.
 *
 * @param {Question} question
 * @returns {Promise<any>} what the server says of it; `undefined` when it was not done
 */
export function confirmed(question) {
  byId('dialog-title').textContent = question.title;
  byId('dialog-text').textContent = question.text;
  byId('dialog-preview').replaceChildren();
  ok.textContent = question.label;
  ok.classList.toggle('is-dangerous', question.isDangerous === true);
  ok.disabled = true;
  show('');
  dialog.showModal();
  cancel.focus();
  const looking = new AbortController();
  void preview(question, looking.signal);
  return new Promise((resolve) => {
    const end = (/** @type {any} */ outcome) => {
      looking.abort();
      ok.onclick = null;
      dialog.onclose = null;
      if (dialog.open) dialog.close();
      resolve(outcome);
    };
    // A browser that is asked twice closes it even while it is at work: then it comes back until that is done.
    dialog.onclose = () => {
      if (isAtWork()) dialog.showModal();
      else end(undefined);
    };
    ok.onclick = () => void act(question, end);
  });
}

/**
 * @param {Question} question
 * @param {(outcome: any) => void} end
 */
async function act({ path, method, body }, end) {
  setAtWork(true);
  try {
    const outcome = await ask(path, { method, ...(body && { body }) });
    setAtWork(false);
    end(outcome ?? {});
  } catch (error) {
    setAtWork(false);
    show(reason(error));
    ok.focus();
  }
}

function isAtWork() {
  return ok.ariaBusy === 'true';
}

/** What the server is doing cannot be cancelled. @param {boolean} isAtWork */
function setAtWork(isAtWork) {
  ok.ariaBusy = String(isAtWork);
  ok.disabled = isAtWork;
  cancel.disabled = isAtWork;
}

dialog.addEventListener('cancel', (event) => {
  if (isAtWork()) event.preventDefault();
});

/**
 * @param {Question} question
 * @param {AbortSignal} signal when the question is answered, nobody wants to know any more
 */
async function preview({ path, method, body }, signal) {
  byId('dialog-preview').textContent = 'Looking at what would go …';
  try {
    const query = `${path.includes('?') ? '&' : '?'}dryRun=true`;
    const counts = await ask(`${path}${query}`, { method, signal, ...(body && { body }) });
    byId('dialog-preview').replaceChildren(facts(factsOf(counts)));
    ok.disabled = false;
  } catch (error) {
    if (signal.aborted) return;
    byId('dialog-preview').replaceChildren();
    show(reason(error));
  }
}

const NAMES = { variants: 'Variants', infos: 'Infos', sources: 'Originals', queued: 'Jobs in the queue' };

/**
 * What was, or would be, done: counts of an eviction, or the steps of a sweep.
 *
 * @param {any} counts
 * @returns {(readonly [string, string])[]}
 */
export function factsOf(counts) {
  if (counts?.evicted !== undefined)
    return [...factsOf(counts.evicted), ['Queued again', plural(counts.requeued, 'variant')]];
  if (Array.isArray(counts?.steps))
    return counts.steps.map((/** @type {any} */ { step, removed, bytes: size }) => [
      step,
      size > 0 ? `${number(removed)}, ${bytes(size)}` : number(removed),
    ]);
  const told = Object.entries(NAMES)
    .filter(([name]) => counts?.[name] !== undefined)
    .map(([name, label]) => /** @type {const} */ ([label, number(counts[name])]));
  return counts?.bytes === undefined ? told : [...told, ['Space', bytes(counts.bytes)]];
}

/** @param {string} message */
function show(message) {
  byId('dialog-error').textContent = message;
  byId('dialog-error').hidden = message === '';
}
