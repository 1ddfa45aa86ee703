import type { CacheBus, CacheStore, Eviction, EvictionListener, Generation, StoreFeatures } from 'nestjs-image-cache';
import { FakeClock, ChaosStore } from 'nestjs-image-cache/testing';
import { evictFrom } from '../../libs/image-cache/src/common/evictions.js';

/** A bus on which the test plays the others. */
export class FakeBus implements CacheBus {
  readonly #listeners = new Set<EvictionListener>();

  publish(): Promise<void> {
    return Promise.resolve();
  }

  subscribe(listener: EvictionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  poll(): Promise<void> {
    return Promise.resolve();
  }

  /** Somebody else has evicted something. */
  tell(eviction: Eviction): void {
    for (const listener of this.#listeners) listener(eviction);
  }
}

/** A store that others share. */
export class SharedStore extends ChaosStore {
  override readonly bus = new FakeBus();
  /** What is learnt of by the next one who asks for a generation. */
  news: Eviction | undefined;

  constructor(inner: CacheStore, clock = new FakeClock()) {
    super(inner, clock);
  }

  override get features(): StoreFeatures {
    return { ...super.features, shared: true };
  }

  override generation(group: string): Promise<Generation> {
    const { news } = this;
    this.news = undefined;
    if (news !== undefined) this.bus.tell(news);
    return super.generation(group);
  }

  /** Somebody else evicts something, and everybody learns of it. */
  async evictElsewhere(eviction: Eviction): Promise<void> {
    await evictFrom(this, eviction);
    this.bus.tell(eviction);
  }
}
