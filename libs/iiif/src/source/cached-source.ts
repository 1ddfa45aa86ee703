import type { LookupOptions, SourceCache, SourceLookup } from 'nestjs-image-cache';
import { modifiedAt } from './http/response.js';
import type { Original, OriginalListOptions, OriginalSource } from './original-source.js';

/** A source in front of which originals are kept; what cannot be kept is read from the source itself. */
export class CachedSource implements OriginalSource {
  readonly name: string;
  readonly isListable: boolean;
  readonly #source: OriginalSource;
  readonly #originals: SourceCache;

  /** @param originals those of this very source */
  constructor(source: OriginalSource, originals: SourceCache) {
    this.name = source.name;
    this.isListable = source.isListable ?? true;
    this.#source = source;
    this.#originals = originals;
  }

  /** Looks an image up: in the copy while it is read, else at the origin. */
  lookup(identifier: string, options?: LookupOptions): Promise<SourceLookup> {
    return this.#originals.lookup(identifier, options);
  }

  /** {@inheritDoc OriginalSource.open} */
  async open(identifier: string, options?: { readonly signal?: AbortSignal }): Promise<Original> {
    const entry = await this.#originals.open(identifier, options);
    if (entry === undefined) return this.#source.open(identifier, options);
    const { meta, file } = entry;
    const { source: stamp = {}, size, createdAt } = meta;
    const lastModified = new Date(modifiedAt(stamp) ?? createdAt);
    return { file, stamp, size, lastModified, stream: (range) => entry.stream(range), close: () => entry.close() };
  }

  /** {@inheritDoc OriginalSource.list} */
  list(options?: OriginalListOptions): AsyncIterable<string> {
    return this.#source.list(options);
  }

  /** {@inheritDoc OriginalSource.ping} */
  ping(): Promise<void> {
    return this.#source.ping();
  }
}
