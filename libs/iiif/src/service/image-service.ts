import { createHash } from 'node:crypto';
import {
  ImageCacheError,
  isImageCacheError,
  resolveRange,
  sameStamp,
  type CacheWishes,
  type FoundInfo,
  type ImageCache,
  type ImageInfo,
  type InfoRequest,
  type RenderContext,
  type RenderedImage,
  type SourceStamp,
  type SourceState,
  type Variant,
  type VariantConditions,
} from 'nestjs-image-cache';
import { canonicalParameters, operationsKey } from '../geometry/canonical.js';
import type { Limits } from '../geometry/limits.js';
import type { Operations } from '../geometry/operations.js';
import { isUnaltered, resolveOperations } from '../geometry/resolve-operations.js';
import { MEDIA_TYPES } from '../render/encoder.js';
import { readImageInfo } from '../render/read-image-info.js';
import type { Renderer } from '../render/renderer.js';
import type { ApiVersion, ImageRequestSegments } from '../request/image-request.js';
import { parseImageRequest } from '../request/parse-image-request.js';
import type { OriginalSource } from '../source/original-source.js';

/** What an {@link ImageService} depends on. */
export interface ImageServiceOptions {
  readonly cache: ImageCache;
  readonly source: OriginalSource;
  readonly renderer: Renderer;
  readonly limits: Limits;
}

/** An image request, its segments percent-decoded once. */
export interface PictureRequest {
  readonly version: ApiVersion;
  readonly identifier: string;
  readonly segments: ImageRequestSegments;
  /** What the client has already, and which part it wants. */
  readonly conditions?: VariantConditions;
  /** What is asked of the cache. */
  readonly wishes?: CacheWishes;
  /** Who asks, where renders of one client are limited. */
  readonly client?: string;
  /** Ends the wait; a render that has begun goes on. */
  readonly signal?: AbortSignal;
}

/** How an info is asked for. */
export type InfoWishes = Omit<InfoRequest, 'source'>;

/** The answer to an image request. */
export interface AnsweredPicture {
  readonly variant: Variant;
  /** Canonical parameters in the version that was asked for. */
  readonly canonical: string;
}

/** A source that changes again and again while it is asked for is given up after so many attempts. */
const ATTEMPTS = 3;

/** Answers for images: from the cache, else by reading and rendering originals. Knows nothing of HTTP. */
export class ImageService {
  readonly #options: ImageServiceOptions;

  constructor(options: ImageServiceOptions) {
    this.#options = options;
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  /**
   * The info of an image.
   *
   * @throws IiifError, ImageCacheError with the status that fits
   */
  async info(identifier: string, request: InfoWishes = {}): Promise<FoundInfo> {
    return this.#info(identifier, { ...request, source: await this.#resolve(identifier, request) });
  }

  /**
   * The picture that a request asks for; the original itself where that is what it asks for.
   *
   * @throws IiifError, ImageCacheError with the status that fits
   */
  async picture(request: PictureRequest): Promise<AnsweredPicture> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#picture(request);
      } catch (error) {
        if (!isImageCacheError(error, 'E_IMAGE_CACHE_SOURCE_CHANGED') || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #picture(request: PictureRequest): Promise<AnsweredPicture> {
    const { cache, limits, renderer } = this.#options;
    const { version, identifier, segments, conditions, wishes, client, signal } = request;
    const parsed = parseImageRequest(version, segments);
    const asked = { ...wishes, ...(signal && { signal }) };
    const source = await this.#resolve(identifier, asked);
    const { info } = await this.#info(identifier, { ...asked, source });
    const operations = resolveOperations(parsed, info, limits);
    const canonical = canonicalParameters(operations, { version, info, limits });
    if (isUnaltered(operations, info)) {
      if (wishes?.onlyIfCached === true) throw notCached(identifier);
      return { canonical, variant: await this.#original(info, operations, conditions) };
    }
    const { format } = operations;
    const variant = await cache.variants.getOrRender(
      { identifier, operations: operationsKey(operations, renderer.recipe(format)), extension: format },
      (context) => this.#render(info, operations, context),
      {
        ...asked,
        ...conditions,
        ...(client !== undefined && { client }),
        source,
        ...(info.source && { expected: info.source }),
      },
    );
    return { canonical, variant };
  }

  /** Asked once for info and picture. */
  #resolve(identifier: string, { maxAge, use, signal }: InfoWishes): Promise<SourceState> {
    const now = maxAge !== undefined || use === 'reload';
    return this.#options.cache.resolve(identifier, { now, ...(signal && { signal }) });
  }

  #info(identifier: string, request: InfoRequest): Promise<FoundInfo> {
    const { cache, limits } = this.#options;
    const read = (): Promise<ImageInfo> =>
      this.#withOriginal(identifier, ({ file }) => readImageInfo({ file }, { identifier, limits }));
    return cache.infos.lookUp(identifier, read, request);
  }

  #render(info: ImageInfo, operations: Operations, context: RenderContext): Promise<RenderedImage> {
    const { renderer } = this.#options;
    return this.#withOriginal(info.identifier, ({ file }) =>
      renderer.render({ input: { file }, info, operations }, context),
    );
  }

  async #withOriginal<T>(identifier: string, use: (original: { readonly file: string }) => Promise<T>): Promise<T> {
    const original = await this.#options.source.open(identifier);
    try {
      return await use(original);
    } finally {
      await original.close();
    }
  }

  /** Passed through as it is and never cached (Galia Guide 1.0, Caching: variant cache). */
  async #original(info: ImageInfo, { format }: Operations, conditions: VariantConditions = {}): Promise<Variant> {
    const { identifier } = info;
    const original = await this.#options.source.open(identifier);
    const { stamp, size, lastModified } = original;
    // What was an image when its info was read may be something else by now.
    if (info.source !== undefined && !sameStamp(stamp, info.source)) {
      await original.close();
      await this.#options.cache.changed(identifier);
      throw new ImageCacheError('E_IMAGE_CACHE_SOURCE_CHANGED', `${identifier} has changed since its info was read.`);
    }
    const digest = digestOf(stamp);
    const meta = {
      identifier,
      contentType: MEDIA_TYPES[format],
      size,
      digest,
      createdAt: lastModified.getTime(),
      source: stamp,
    };
    const outcome = { kind: 'bypass' } as const;
    if (conditions.ifNoneMatch?.includes(digest) === true) {
      await original.close();
      return { meta, outcome };
    }
    const asked = conditions.isRangeOf?.(meta) === false ? undefined : conditions.range;
    const range = asked && resolveRange(asked, size);
    return { meta, outcome, body: original.stream(range), ...(range && { range }) };
  }
}

function digestOf(stamp: SourceStamp): string {
  return createHash('sha256').update(JSON.stringify(stamp)).digest('base64url');
}

function notCached(identifier: string): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_NOT_CACHED', `The original of ${identifier} is never cached.`);
}
