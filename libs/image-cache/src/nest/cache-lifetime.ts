import type { BeforeApplicationShutdown, OnApplicationShutdown } from '@nestjs/common';
import type { ImageCache } from '../service/image-cache.js';

/** Closes a cache when the application ends. */
export class CacheLifetime implements BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #cache: ImageCache;

  constructor(cache: ImageCache) {
    this.#cache = cache;
  }

  /**
   * The server is about to close, and waits for the requests that it has: what they wait for has an end from now on.
   * Nothing is waited for here, where requests are still taken.
   */
  beforeApplicationShutdown(): void {
    this.#cache.drain();
  }

  /** The server has closed its connections; what is under way is finished and written. */
  async onApplicationShutdown(): Promise<void> {
    await this.#cache.close();
  }
}
