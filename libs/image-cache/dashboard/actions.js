import { ask, reason } from './api.js';
import { confirmed, factsOf } from './dialog.js';
import { tell } from './messages.js';

/** @typedef {import('./dialog.js').Question} Question */

/**
 * Asks, does it, and says what came of it.
 *
 * @param {Question} question
 * @param {string} [what] what is said to have been done
 * @returns {Promise<boolean>} whether it was done
 */
export async function confirmAndTell(question, what = question.label) {
  const outcome = await confirmed(question);
  if (outcome === undefined) return false;
  const told = factsOf(outcome).map(([name, value]) => `${name} ${value}`);
  tell(`${what}: ${told.length === 0 ? 'done' : told.join(', ')}.`);
  return true;
}

/**
 * Does it at once, and says what came of it.
 *
 * @param {{ path: string, method?: string, body?: object, done: (outcome: any) => string }} action
 * @returns {Promise<boolean>} whether it was done
 */
export async function actAndTell({ path, method = 'POST', body, done }) {
  try {
    tell(done(await ask(path, { method, ...(body && { body }) })));
    return true;
  } catch (error) {
    tell(reason(error), true);
    return false;
  }
}
