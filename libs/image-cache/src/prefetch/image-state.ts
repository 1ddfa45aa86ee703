import type { VariantIdentity } from '../ports/entry.js';
import type { ImageCache } from '../service/image-cache.js';
import type { Warmth } from './prefetcher.js';
import type { QueuedJob } from './queue/queue-operation.js';
import type { ResolvedPrefetch } from './resolve-prefetch-options.js';

/** Variants of one image that are rendered anew when it has changed, those that were asked for last. */
const MOST = 10_000;

/** What {@link ImageState} depends on. */
export interface ImageStateOptions {
  readonly cache: ImageCache;
  readonly settings: Pick<ResolvedPrefetch, 'variants' | 'words' | 'info' | 'original'>;
}

/** What there is of images, of what is to be there. To look is not to ask for it: what is cached ages as before. */
export class ImageState {
  readonly #options: ImageStateOptions;

  constructor(options: ImageStateOptions) {
    this.#options = options;
  }

  /** The names of the variants that a job is about. */
  wanted({ variants, withConfigured }: Pick<QueuedJob, 'variants' | 'withConfigured'>): readonly string[] {
    const { variants: configured } = this.#options.settings;
    if (variants === undefined) return configured;
    return withConfigured === true ? [...new Set([...configured, ...variants])] : variants;
  }

  /** What there is. */
  async warmth(identifier: string, names: readonly string[]): Promise<Warmth> {
    const { info: infos, original } = this.#options.settings;
    const info = infos === undefined || (await isThere(() => infos.has(identifier, {})));
    const source = original && (await isThere(() => original.has(identifier, {})));
    const variants: Record<string, boolean> = {};
    for (const name of names) variants[name] = await isThere(() => this.#hasAll(identifier, name));
    const isWarm = info && source !== false && Object.values(variants).every(Boolean);
    return { identifier, isWarm, info, ...(source !== undefined && { source }), variants };
  }

  /** {@link warmth} in one word, at the first thing that is missing. */
  async isWarm(identifier: string, names: readonly string[]): Promise<boolean> {
    const { info, original } = this.#options.settings;
    return isThere(async () => {
      if ((await info?.has(identifier, {})) === false) return false;
      if ((await original?.has(identifier, {})) === false) return false;
      for (const name of names) if (!(await this.#hasAll(identifier, name))) return false;
      return true;
    });
  }

  /** Whether variants of an image are cached, and the words for them, as far as there are any. */
  async cachedWords(identifier: string): Promise<{ readonly isAny: boolean; readonly words: readonly string[] }> {
    const { cache, settings } = this.#options;
    const entries = await cache.entriesOf(identifier);
    const all = entries.filter(({ key }) => key.kind === 'variant');
    const variants = all.sort((one, other) => other.lastAccess - one.lastAccess).slice(0, MOST);
    const words = new Set<string>();
    for (const { key, meta } of variants) {
      const { operations = '' } = meta;
      const identity: VariantIdentity = { identifier, operations, extension: key.extension };
      const word = await settings.words.describe?.(identity);
      if (word !== undefined) words.add(word);
    }
    return { isAny: variants.length > 0, words: [...words] };
  }

  async #hasAll(identifier: string, name: string): Promise<boolean> {
    const { cache, settings } = this.#options;
    const identities = await settings.words.expand(identifier, name, { onlyIfCached: true });
    if (identities === undefined) return false;
    for (const identity of identities) if (!(await cache.variants.has(identity))) return false;
    return true;
  }
}

/**
 * What cannot be looked at is not there, as where the source is looked up first and is out, or has no such image: the job
 * meets the same failure, and is tried again or given up for it.
 */
async function isThere(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look();
  } catch {
    return false;
  }
}
