import { expect } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheManagerStore, createImageCache, type ImageCache, type KeyValueCache } from 'nestjs-image-cache';
import { imageInfo } from '../../support/image-info.js';

const UNAVAILABLE = { code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' };

/** Milliseconds; what takes longer hangs. */
const PATIENCE = 20_000;

const IMAGES = ['a', 'b', 'c'];

/** Infos and pictures in a cache on a server, and clients who ask for images that change and are evicted meanwhile. */
export class ImagesInUse {
  readonly #cache: ImageCache;
  readonly #givenUp = { reads: false, writes: false, leases: false };
  /** Of every image, the oldest state that may be served. */
  readonly #floors = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  /** Counts the changes. */
  #state = 0;
  #seen = { hits: 0, evicted: 0, notEvicted: 0 };
  #clients: Promise<unknown> | undefined;
  #isOver = false;

  private constructor(cache: ImageCache) {
    this.#cache = cache;
    cache.on('store-breaker', ({ path, open }) => (this.#givenUp[path] = open));
  }

  static async open(cache: KeyValueCache): Promise<ImagesInUse> {
    const store = cacheManagerStore({ cache, disconnect: true });
    const stores = { timeout: '250ms', writeTimeout: '1s' };
    const options = { info: { store }, variant: { store }, heapInfo: false, stores, drain: '1s' } as const;
    return new ImagesInUse(await createImageCache(options));
  }

  /** Lets clients ask from now on. */
  begin(): void {
    this.#clients = Promise.all([1, 11, 22, 33].map((start) => this.#client(start)));
  }

  /** Waits until images have been found in the cache and evicted from it, and no calls are left out any more. */
  async inUse(): Promise<void> {
    this.#seen = { hits: 0, evicted: 0, notEvicted: 0 };
    await this.#until(() => this.#seen.hits > 20 && this.#seen.evicted > 0);
    await this.#until(() => !this.#givenUp.reads && !this.#givenUp.writes);
    await this.#repeatedly(() => this.#comesAbout(this.#cache.ping()));
  }

  /** Waits until it has been noticed that the server is down, and sees what is told of it. */
  async outOfUse(): Promise<void> {
    this.#seen = { hits: 0, evicted: 0, notEvicted: 0 };
    await this.#until(() => this.#givenUp.reads && this.#seen.notEvicted > 0);
    for (let turn = 0; turn < 3; turn += 1) expect(await this.#ask('new')).toEqual(['miss', 'miss']);
    const verbs = [() => this.#cache.ping(), () => this.#cache.evictInfos(), () => this.#cache.purge()];
    for (const verb of verbs) expect(await this.#comesAbout(verb())).toBe(false);
    expect(await this.#change('new')).toBe(false);
  }

  /** Lets the clients end, and looks at every image after one more change. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#clients;
    for (const image of [...IMAGES, 'new']) {
      await this.#repeatedly(() => this.#change(image));
      expect(await this.#ask(image)).toEqual(['miss', 'miss']);
    }
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await promptly(this.#cache.close());
  }

  /** Asks for an info and a picture, as a request does, and tells where they came from. */
  async #ask(identifier: string): Promise<readonly string[]> {
    const floor = this.#floors.get(identifier) ?? 0;
    const { infos, variants } = this.#cache;
    const info = await promptly(
      infos.lookUp(identifier, () => Promise.resolve(imageInfo({ identifier, width: this.#state }))),
    );
    const picture = await promptly(
      variants.getOrRender({ identifier, operations: 'max' }, () =>
        Promise.resolve({ body: Buffer.from(`${this.#state}`), contentType: 'image/jpeg' }),
      ),
    );
    expect(info.info.width).toBeGreaterThanOrEqual(floor);
    expect(Number((picture.body as Buffer).toString())).toBeGreaterThanOrEqual(floor);
    return [info.outcome.kind, picture.outcome.kind];
  }

  /** Changes an image and evicts it; `false` when it is said that this did not come about. */
  async #change(identifier: string): Promise<boolean> {
    this.#state += 1;
    const state = this.#state;
    const isEvicted = await this.#comesAbout(this.#cache.evict(identifier));
    if (isEvicted) this.#floors.set(identifier, Math.max(this.#floors.get(identifier) ?? 0, state));
    return isEvicted;
  }

  async #comesAbout(verb: Promise<unknown>): Promise<boolean> {
    try {
      await promptly(verb);
      return true;
    } catch (error) {
      expect(error).toMatchObject(UNAVAILABLE);
      return false;
    }
  }

  async #client(start: number): Promise<void> {
    for (let turn = start; !this.#isOver; turn += 1) {
      const image = IMAGES[turn % IMAGES.length] ?? '';
      // No faster than this: answers for which nothing is waited for would leave no time for anything else.
      const pause = delay(5);
      if (turn % 40 === 0) this.#seen[(await this.#change(image)) ? 'evicted' : 'notEvicted'] += 1;
      else if ((await this.#ask(image)).join() === 'hit,hit') this.#seen.hits += 1;
      await pause;
      for (const look of this.#waiting.splice(0)) look();
    }
  }

  /** Waits until something can be seen while clients ask. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const progress = new Promise<void>((resolve) => this.#waiting.push(resolve));
      await Promise.race([progress, this.#clients]);
    }
  }

  async #repeatedly(attempt: () => Promise<boolean>): Promise<void> {
    while (!(await attempt())) await delay(100);
  }
}

/** The outcome of what may wait for a server, but not for ever. */
async function promptly<T>(outcome: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const patience = delay(PATIENCE, undefined, { signal: ended.signal });
  const late = patience.then(() => {
    throw new Error('It hangs.');
  });
  try {
    return await Promise.race([outcome, late]);
  } finally {
    late.catch(() => undefined);
    ended.abort();
  }
}
