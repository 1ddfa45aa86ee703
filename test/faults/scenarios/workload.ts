import type { CacheStore, EntryKey } from 'nestjs-image-cache';
import { groupOf, infoKey, keyString, variantKey } from '../../../libs/image-cache/src/keys/entry-keys.js';
import { readBody } from '../../support/read-body.js';
import { commitAs, WAYS } from './commit-as.js';
import { describedBody, labelOf } from './self-describing.js';

/** Bytes of the largest body. */
export const LARGEST = 80 * 1024;

const IMAGES = 12;

const DAY = 86_400_000;

const STEPS = ['trash', 'detritus', 'reconcile', 'bounds'] as const;

/** All that is done to a store, at random, and every body names its key. */
export class Workload {
  readonly #store: CacheStore;
  readonly #random: (limit: number) => number;

  constructor(store: CacheStore, random: (limit: number) => number) {
    this.#store = store;
    this.#random = random;
  }

  /** Does one thing; tells of what must not be. */
  async turn(): Promise<string | undefined> {
    const key = this.#anyKey();
    const chance = this.#random(1000);
    try {
      if (chance < 450) await this.#commit(key);
      else if (chance < 750) return await this.#read(key);
      else if (chance < 850) await this.#store.touch([{ key, at: Date.now(), hits: 1 }]);
      else if (chance < 900) await (await this.#store.reserve(key)).abort();
      else if (chance < 950) await this.#store.delete(key);
      else if (chance < 985) await this.#store.deleteGroup(key.group);
      else if (chance < 990) await this.#store.clear(chance < 988 ? key.kind : undefined);
      else await this.#store.maintain?.(STEPS[chance % STEPS.length] ?? 'trash', { stall: DAY });
      return undefined;
    } catch (error) {
      return (error as { code?: unknown }).code === 'E_IMAGE_CACHE_STORE_FULL' ? undefined : describeError(error);
    }
  }

  async #commit(key: EntryKey): Promise<void> {
    const size = this.#random(10) === 0 ? this.#random(LARGEST) : this.#random(30_000);
    const way = WAYS[this.#random(WAYS.length)] ?? 'buffer';
    await commitAs(way, this.#store, { key, make: () => describedBody(keyString(key), 1000 + size) });
  }

  async #read(key: EntryKey): Promise<string | undefined> {
    const body = await readBody(this.#store, key);
    return body === undefined || labelOf(body) === keyString(key) ? undefined : `${keyString(key)} was spoilt`;
  }

  #anyKey(): EntryKey {
    const identifier = `image ${this.#random(IMAGES)}`;
    const kind = this.#random(10);
    if (kind === 0) return infoKey(identifier);
    if (kind === 1) return { kind: 'source', group: groupOf(identifier), id: groupOf('original'), extension: 'tif' };
    return variantKey({ identifier, operations: `${this.#random(20)}`, extension: 'jpg' });
  }
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
