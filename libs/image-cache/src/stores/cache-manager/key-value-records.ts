import { isError } from '../../common/errors.js';
import type { DirectCache } from './key-value-cache.js';

/** What {@link KeyValueRecords} depend on. */
export interface KeyValueRecordsOptions {
  readonly cache: DirectCache;
  readonly prefix: string;
  /** Told of a record that is none. */
  readonly onDamage: (name: string, cause?: unknown) => void;
}

/** The records of this store among the other tenants of a cache. */
export class KeyValueRecords {
  readonly #options: KeyValueRecordsOptions;

  constructor(options: KeyValueRecordsOptions) {
    this.#options = options;
  }

  /** A record; `undefined` when there is none, or one that cannot be parsed. */
  async get(name: string): Promise<unknown> {
    const { cache, onDamage } = this.#options;
    try {
      return (await cache.get(this.#key(name))) ?? undefined;
    } catch (error) {
      // What is no JSON is damaged; it says nothing about the cache.
      if (!isError(error) || error.name !== 'SyntaxError') throw error;
      onDamage(name, error);
      return undefined;
    }
  }

  /** @param ttl milliseconds; 0 = for ever */
  async set(name: string, value: unknown, ttl: number): Promise<void> {
    const taken = await this.#options.cache.set(this.#key(name), value, ttl);
    if (taken === false) throw new Error(`the cache did not take ${name}`);
  }

  async remove(name: string): Promise<void> {
    await this.#options.cache.delete(this.#key(name));
  }

  #key(name: string): string {
    return `${this.#options.prefix}:${name}`;
  }
}
