import { ask, reason } from './api.js';
import { byId, facts } from './dom.js';
import { bytes, number, plural } from './format.js';

/**
 * Something that is asked about before it is done.
 *
 * @typedef {{
 *   title: string, text: string, label: string, path: string, method: 'POST' | 'DELETE', body?: object,
 *   previews?: boolean, isDangerous?: boolean,
 * }} Question
 */

const dialog = /** @type {HTMLDialogElement} */ (byId('dialog'));
const ok = /** @type {HTMLButtonElement} */ (byId('dialog-ok'));

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
  ok.disabled = question.previews !== false;
  show('');
  dialog.showModal();
  byId('dialog-cancel').focus();
  if (question.previews !== false) void preview(question);
  return new Promise((resolve) => {
    const end = (/** @type {any} */ outcome) => {
      ok.onclick = null;
      dialog.onclose = null;
      if (dialog.open) dialog.close();
      resolve(outcome);
    };
    dialog.onclose = () => {
      end(undefined);
    };
    ok.onclick = () => void act(question, end);
  });
}

/**
 * @param {Question} question
 * @param {(outcome: any) => void} end
 */
async function act({ path, method, body }, end) {
  ok.disabled = true;
  ok.setAttribute('aria-busy', 'true');
  try {
    const outcome = await ask(path, { method, ...(body && { body }) });
    end(outcome ?? {});
  } catch (error) {
    show(reason(error));
    ok.disabled = false;
  } finally {
    ok.removeAttribute('aria-busy');
  }
}

/** @param {Question} question */
async function preview({ path, method, body }) {
  byId('dialog-preview').textContent = 'Looking at what would go …';
  try {
    const counts = await ask(`${path}${path.includes('?') ? '&' : '?'}dryRun=true`, { method, ...(body && { body }) });
    byId('dialog-preview').replaceChildren(facts(factsOf(counts)));
    ok.disabled = false;
  } catch (error) {
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
