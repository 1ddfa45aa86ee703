import type { LookupOptions, ReadableOriginal, SourceCache, SourceLookup } from 'nestjs-image-cache';
import { modifiedAt } from './http/response.js';
import type { Original, OriginalBody, OriginalListOptions, OriginalSource } from './original-source.js';

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
    return entry === undefined ? this.#source.open(identifier, options) : { file: entry.file, ...bodyOf(entry) };
  }

  /** {@inheritDoc OriginalSource.read} */
  async read(identifier: string, options?: { readonly signal?: AbortSignal }): Promise<OriginalBody> {
    const original = await this.#originals.read(identifier, options);
    if (original !== undefined) return bodyOf(original);
    return this.#source.read?.(identifier, options) ?? this.#source.open(identifier, options);
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

function bodyOf(original: ReadableOriginal): OriginalBody {
  const { source: stamp = {}, size, createdAt } = original.meta;
  const lastModified = new Date(modifiedAt(stamp) ?? createdAt);
  return { stamp, size, lastModified, stream: (range) => original.stream(range), close: () => original.close() };
}
