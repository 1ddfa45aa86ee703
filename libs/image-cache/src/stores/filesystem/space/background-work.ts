import { Background } from '../../../common/background.js';
import { messageOf } from '../../../common/errors.js';
import type { StoreIncident } from '../../../ports/cache-store.js';

/** Work of a store that nobody waits for, until the store is closed. */
export class BackgroundWork {
  readonly #closing = new AbortController();
  readonly #background: Background;

  /** @param report told of what fails */
  constructor(report: (incident: StoreIncident) => void) {
    this.#background = new Background((what, cause) => {
      const isStopped = this.#closing.signal.aborted;
      if (!isStopped) report({ kind: 'leftover', message: `${what} failed: ${messageOf(cause)}`, cause });
    });
  }

  run(what: string, work: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#closing;
    if (!signal.aborted) this.#background.run(what, () => work(signal));
  }

  /** Stops what can be stopped, and waits for the rest. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#background.settled();
  }
}
