import { isImageCacheError, isDeterministic, statusOf, type ImageCacheErrorCode } from '../common/errors.js';
import type { VariantIdentity } from '../ports/entry.js';
import type { ImageCache } from '../service/image-cache.js';
import type { KeptPart } from './prefetch-options.js';
import type { PrefetchProgress } from './prefetcher.js';
import type { ResolvedPrefetch } from './resolve-prefetch-options.js';

/** What a {@link JobRun} depends on. */
export interface JobRunOptions {
  readonly cache: ImageCache;
  readonly settings: Pick<ResolvedPrefetch, 'words' | 'info' | 'original'>;
  readonly identifier: string;
  /** Names of the variants. */
  readonly variants: readonly string[];
  /** Ends the work before the next variant. */
  readonly signal: AbortSignal;
  /** Asked before each variant. */
  readonly isHeld: () => boolean;
  readonly onProgress: (progress: PrefetchProgress) => void;
}

/** What a run has done. */
export interface JobResult {
  readonly rendered: number;
  readonly cached: number;
  readonly failed: number;
  /** Variants that the image cannot have. */
  readonly omitted: number;
  /** The first failure. */
  readonly error?: unknown;
  /** Whether another attempt would come to the same end. */
  readonly isHopeless: boolean;
  /** Whether something else was to blame than the image: the source was out, a store, or the server busy. */
  readonly isBlameless: boolean;
  /** Whether it was ended before everything had been tried. */
  readonly isInterrupted: boolean;
}

/** What goes on failing whatever is asked for: nothing more is tried. */
const OUTAGES: readonly ImageCacheErrorCode[] = [
  'E_IMAGE_CACHE_STORE_UNAVAILABLE',
  'E_IMAGE_CACHE_STORE_FULL',
  'E_IMAGE_CACHE_SOURCE_UNAVAILABLE',
  'E_IMAGE_CACHE_CLOSED',
];

/** What somebody else is to blame for, and what passes. */
const BLAMELESS: readonly (number | undefined)[] = [429, 503];

type Outcome = 'rendered' | 'cached' | 'failed';

/** Sees to it that all that is wanted of one image is cached: the original, the info, the variants, one after the other. */
export class JobRun {
  readonly #options: JobRunOptions;
  readonly #counts: Record<Outcome, number> = { rendered: 0, cached: 0, failed: 0 };
  #first: { readonly error: unknown } | undefined;
  #isHopeless = true;
  #isBlameless = false;
  #omitted = 0;
  #total: number;
  #isOver = false;

  constructor(options: JobRunOptions) {
    const { settings, variants } = options;
    this.#options = options;
    this.#total = variants.length + [settings.info, settings.original].filter((part) => part !== undefined).length;
  }

  /** Does what can be done; nothing is thrown. */
  async run(): Promise<JobResult> {
    const { settings, variants } = this.#options;
    this.#tell();
    await this.#keep(settings.original);
    await this.#keep(settings.info);
    // Without an info, nobody knows what the variants are.
    if (this.#first === undefined) await this.#render(await this.#expand(variants));
    const isInterrupted = this.#isEnding || !this.#options.isHeld();
    const failure = this.#first && { error: this.#first.error };
    return {
      ...this.#counts,
      ...failure,
      omitted: this.#omitted,
      isHopeless: this.#isHopeless,
      isBlameless: this.#isBlameless,
      isInterrupted,
    };
  }

  async #keep(part: KeptPart | undefined): Promise<void> {
    if (part === undefined || !this.#mayGoOn()) return;
    const { identifier, signal } = this.#options;
    try {
      this.#count(await part.keep(identifier, { signal }));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #expand(variants: readonly string[]): Promise<ReadonlyMap<string, VariantIdentity>> {
    const { identifier, settings, signal } = this.#options;
    const wanted = new Map<string, VariantIdentity>();
    for (const variant of variants) {
      if (!this.#mayGoOn()) break;
      try {
        const identities = (await settings.words.expand(identifier, variant, { signal })) ?? [];
        if (identities.length === 0) this.#omitted += 1;
        for (const identity of identities) wanted.set(`${identity.extension ?? ''}:${identity.operations}`, identity);
        this.#total -= 1;
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#total += wanted.size;
    this.#tell();
    return wanted;
  }

  async #render(wanted: ReadonlyMap<string, VariantIdentity>): Promise<void> {
    if (wanted.size === 0) return;
    const { cache, signal } = this.#options;
    const identities = this.#whileMayGoOn(wanted.values());
    try {
      await cache.warm(identities, {
        signal,
        onEach: ({ outcome, error }) => {
          if (outcome === 'failed') this.#fail(error);
          else this.#count(outcome);
        },
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  *#whileMayGoOn(identities: Iterable<VariantIdentity>): Generator<VariantIdentity> {
    for (const identity of identities) {
      if (!this.#mayGoOn()) return;
      yield identity;
    }
  }

  #mayGoOn(): boolean {
    return !this.#isOver && !this.#isEnding && this.#options.isHeld();
  }

  /** Whether nothing more is done: by this run, or by a cache that renders no more behind the requests. */
  get #isEnding(): boolean {
    const { cache, signal } = this.#options;
    return signal.aborted || cache.isDraining;
  }

  #count(outcome: Outcome): void {
    this.#counts[outcome] += 1;
    this.#tell();
  }

  #fail(error: unknown): void {
    if (this.#isEnding) return;
    this.#first ??= { error };
    const isBlameless = BLAMELESS.includes(statusOf(error));
    this.#isBlameless ||= isBlameless;
    this.#isHopeless &&=
      (isDeterministic(error) || isImageCacheError(error, 'E_IMAGE_CACHE_TOO_LARGE')) && !isBlameless;
    if (OUTAGES.some((code) => isImageCacheError(error, code))) this.#isOver = true;
    this.#count('failed');
  }

  #tell(): void {
    const { rendered, cached, failed } = this.#counts;
    const omitted = this.#omitted;
    this.#options.onProgress({ total: this.#total, done: rendered + cached, cached, failed, omitted });
  }
}
