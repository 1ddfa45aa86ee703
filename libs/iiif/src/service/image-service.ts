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
  type ExpandOptions,
  type RenderContext,
  type RenderedImage,
  type SourceStamp,
  type SourceState,
  type Variant,
  type VariantConditions,
  type VariantIdentity,
} from 'nestjs-image-cache';
import { IiifError } from '../errors.js';
import { canonicalParameters, operationsKey } from '../geometry/canonical.js';
import type { Limits } from '../geometry/limits.js';
import type { Operations } from '../geometry/operations.js';
import { isUnaltered, resolveOperations } from '../geometry/resolve-operations.js';
import { IiifVariants } from '../prefetch/iiif-variants.js';
import { parseOperationsKey } from '../prefetch/variant-name.js';
import { MEDIA_TYPES } from '../render/encoder.js';
import { readImageInfo } from '../render/read-image-info.js';
import type { Renderer } from '../render/renderer.js';
import type { ApiVersion, ImageRequestSegments } from '../request/image-request.js';
import { parseImageRequest } from '../request/parse-image-request.js';
import type { Original, OriginalListOptions, OriginalSource } from '../source/original-source.js';

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
  /** Which variants are meant, in the words of the API. */
  readonly variants: IiifVariants;
  readonly #options: ImageServiceOptions;

  constructor(options: ImageServiceOptions) {
    this.#options = options;
    const info = async (identifier: string, wishes: ExpandOptions): Promise<ImageInfo> =>
      (await this.info(identifier, wishes)).info;
    this.variants = new IiifVariants({ ...options, info });
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

  /**
   * The identifiers of the images that there are. A folder that may not be read is left out, which is told as
   * `background-failed`.
   *
   * @throws IiifError `E_IIIF_BAD_REQUEST` where the source does not know them; as the source
   */
  list(options: OriginalListOptions = {}): AsyncIterable<string> {
    const { source, cache } = this.#options;
    if (source.isListable === false)
      throw new IiifError('E_IIIF_BAD_REQUEST', `${source.name} does not know which images there are.`);
    const onOmitted = (folder: string, error: unknown): void => {
      cache.tell('background-failed', { what: `listing the source folder ${folder}`, error });
      options.onOmitted?.(folder, error);
    };
    return source.list({ ...options, onOmitted });
  }

  /**
   * Renders a variant that is named by its place in the cache.
   *
   * @throws IiifError, ImageCacheError with the status that fits
   */
  async render({ identifier, operations: key }: VariantIdentity, context: RenderContext): Promise<RenderedImage> {
    const operations = parseOperationsKey({ operations: key });
    const { info } = await this.info(identifier, { signal: context.signal });
    if (operations === undefined || operationsKey(operations, this.#options.renderer.recipe(operations.format)) !== key)
      throw new IiifError('E_IIIF_BAD_REQUEST', 'It is none of the pictures that this server makes.');
    return this.#withOriginal({ identifier, signal: context.signal }, async ({ file, stamp }) => {
      await this.#requireSame(info, stamp);
      return this.#options.renderer.render({ input: { file }, info, operations }, context);
    });
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
      return { canonical, variant: await this.#original(info, operations, request) };
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
      this.#withOriginal({ identifier }, ({ file }) => readImageInfo({ file }, { identifier, limits }));
    return cache.infos.lookUp(identifier, read, request);
  }

  #render(info: ImageInfo, operations: Operations, context: RenderContext): Promise<RenderedImage> {
    return this.#withOriginal({ identifier: info.identifier, signal: context.signal }, ({ file }) =>
      this.#options.renderer.render({ input: { file }, info, operations }, context),
    );
  }

  async #withOriginal<T>(
    { identifier, signal }: Pick<PictureRequest, 'identifier' | 'signal'>,
    use: (original: Original) => Promise<T>,
  ): Promise<T> {
    const original = await this.#options.source.open(identifier, signal && { signal });
    try {
      return await use(original);
    } finally {
      await original.close();
    }
  }

  /** What was an image when its info was read may be something else by now. */
  async #requireSame({ identifier, source }: ImageInfo, stamp: SourceStamp): Promise<void> {
    if (source === undefined || sameStamp(stamp, source)) return;
    await this.#options.cache.changed(identifier);
    throw new ImageCacheError('E_IMAGE_CACHE_SOURCE_CHANGED', `${identifier} has changed since its info was read.`);
  }

  /** Passed through as it is and never cached (Galia Guide 1.0, Caching: variant cache). */
  async #original(info: ImageInfo, { format }: Operations, request: PictureRequest): Promise<Variant> {
    const { identifier, conditions = {}, signal } = request;
    const { source } = this.#options;
    const wanted = signal && { signal };
    const original = await (source.read?.(identifier, wanted) ?? source.open(identifier, wanted));
    const { stamp, size, lastModified } = original;
    try {
      await this.#requireSame(info, stamp);
    } catch (error) {
      await original.close();
      throw error;
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
