import { addressOf } from './api.js';

/** Milliseconds between two looks while nothing is told by itself. */
const POLL = 2500;

/** Milliseconds without a sign of life after which the connection is taken for gone. */
const SILENT = 12_000;

/**
 * Follows what the server tells: by server-sent events, else by looking again and again.
 *
 * @typedef {'live' | 'polling' | 'lost'} Connection
 * @typedef {{
 *   onPulse(pulse: any): void,
 *   onSample(sample: any): void,
 *   onNotice(notice: any): void,
 *   onConnection(connection: Connection, error?: unknown): void,
 *   poll(): Promise<void>,
 * }} Listener
 */
export class Live {
  #listener;
  /** @type {EventSource | undefined} */
  #events;
  #heard = 0;
  #isPolling = false;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    this.#open();
    setInterval(() => void this.#watch(), 2000);
    document.addEventListener('visibilitychange', () => {
      // What was missed in the background is fetched when it is looked at.
      if (document.visibilityState === 'visible') void this.#poll();
    });
  }

  #open() {
    this.#events?.close();
    const events = (this.#events = new EventSource(addressOf('events')));
    this.#heard = Date.now();
    const on = (/** @type {string} */ name, /** @type {(data: any) => void} */ take) => {
      events.addEventListener(name, (event) => {
        if (events !== this.#events) return;
        this.#heard = Date.now();
        this.#listener.onConnection('live');
        take(JSON.parse(/** @type {MessageEvent} */ (event).data));
      });
    };
    on('pulse', (pulse) => {
      this.#listener.onPulse(pulse);
    });
    on('sample', (sample) => {
      this.#listener.onSample(sample);
    });
    on('notice', (notice) => {
      this.#listener.onNotice(notice);
    });
    events.addEventListener('error', () => {
      if (events === this.#events) void this.#poll();
    });
  }

  async #watch() {
    const silence = Date.now() - this.#heard;
    if (silence < SILENT) return;
    this.#open();
    await this.#poll();
  }

  /** One at a time, and told by the result how the server is. */
  async #poll() {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      await this.#listener.poll();
      if (this.#events?.readyState !== EventSource.OPEN) this.#listener.onConnection('polling');
    } catch (error) {
      this.#listener.onConnection('lost', error);
    }
    setTimeout(() => {
      this.#isPolling = false;
      if (this.#events?.readyState !== EventSource.OPEN) void this.#poll();
    }, POLL);
  }
}
