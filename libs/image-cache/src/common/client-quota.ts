import { ImageCacheError } from './errors.js';

/** Counts what each client has at a time, up to a limit. Of a client that has nothing, nothing is kept. */
export class ClientQuota {
  readonly #limit: number | undefined;
  readonly #held = new Map<string, number>();

  /** @param limit how many a client may have; without one, nothing is counted */
  constructor(limit: number | undefined) {
    this.#limit = limit;
  }

  /** Clients that have something. */
  get clients(): number {
    return this.#held.size;
  }

  /**
   * Counts one more for a client; `undefined` is nobody who is counted. Call the result once when it has ended.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_TOO_MANY` when the client has as many as it may
   */
  take(client: string | undefined): () => void {
    if (client === undefined || this.#limit === undefined) return nothing;
    const held = this.#held.get(client) ?? 0;
    if (held >= this.#limit)
      throw new ImageCacheError('E_IMAGE_CACHE_TOO_MANY', `A client may have ${this.#limit} renders at a time.`);
    this.#held.set(client, held + 1);
    return () => {
      this.#giveBack(client);
    };
  }

  #giveBack(client: string): void {
    const left = (this.#held.get(client) ?? 1) - 1;
    if (left === 0) this.#held.delete(client);
    else this.#held.set(client, left);
  }
}

function nothing(): void {
  // was not counted
}
