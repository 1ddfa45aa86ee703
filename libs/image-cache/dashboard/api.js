/** Where the dashboard is served: this file is in `assets` below it. */
const BASE = new URL('../', import.meta.url);

/** What the server did not do, with its status; 0 when it was not reached. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** @param {string} path */
export function addressOf(path) {
  return new URL(path, BASE).href;
}

/** @param {string} identifier */
export function imagePath(identifier) {
  return `cache/${encodeURIComponent(identifier)}`;
}

/**
 * Asks the server.
 *
 * @param {string} path below that of the dashboard
 * @param {{ method?: string, body?: object, signal?: AbortSignal }} [options]
 * @returns {Promise<any>} the document of the answer; `undefined` when it has none
 */
export async function ask(path, { method = 'GET', body, signal } = {}) {
  const response = await reach(path, {
    method,
    ...(signal && { signal }),
    ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  if (!response.ok) throw new RequestError(await reasonOf(response), response.status);
  return response.status === 204 ? undefined : response.json();
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function reach(path, options) {
  try {
    return await fetch(addressOf(path), { credentials: 'same-origin', cache: 'no-store', ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new RequestError('The server cannot be reached. What is shown is what was known last; trying again.', 0);
  }
}

/** @param {Response} response */
async function reasonOf(response) {
  if (response.status === 401) return 'You are not signed in any more. Load the page again to sign in.';
  try {
    const { message } = await response.json();
    return Array.isArray(message) ? message.join(' ') : String(message);
  } catch {
    return `The server answered with status ${response.status}.`;
  }
}

/** @param {unknown} error */
export function reason(error) {
  return error instanceof Error ? error.message : String(error);
}
