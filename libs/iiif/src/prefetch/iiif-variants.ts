import { isImageCacheError, type ImageInfo, type ExpandOptions, type VariantIdentity } from 'nestjs-image-cache';
import { IiifError, type IiifErrorCode } from '../errors.js';
import { canonicalParameters, operationsKey } from '../geometry/canonical.js';
import type { Limits } from '../geometry/limits.js';
import type { Operations } from '../geometry/operations.js';
import { isUnaltered, resolveOperations } from '../geometry/resolve-operations.js';
import type { Renderer } from '../render/renderer.js';
import type { ApiVersion, ImageRequest } from '../request/image-request.js';
import { parseImageRequest } from '../request/parse-image-request.js';
import { parseOperationsKey, parseVariantName } from './variant-name.js';
import { viewerTiles } from './viewer-tiles.js';

/** What {@link IiifVariants} depend on. */
export interface IiifVariantsOptions {
  /** Finds the info of an image. */
  readonly info: (identifier: string, options: ExpandOptions) => Promise<ImageInfo>;
  readonly renderer: Pick<Renderer, 'recipe'>;
  readonly limits: Limits;
}

/** What images are refused for, when the parameters themselves are right. */
const REFUSALS: readonly IiifErrorCode[] = ['E_IIIF_NO_UPSCALING', 'E_IIIF_BAD_SIZE', 'E_IIIF_BAD_REGION'];

const VERSIONS: readonly ApiVersion[] = [3, 2];

/** Says in the words of the Image API which variants of an image are meant; their keys are those of requests. */
export class IiifVariants {
  readonly #options: IiifVariantsOptions;

  constructor(options: IiifVariantsOptions) {
    this.#options = options;
  }

  /** @throws IiifError with status 400 */
  check(variant: string): void {
    parseVariantName(variant);
  }

  /**
   * The variants that a name stands for; none where the image is too small for it, or where it is the original.
   *
   * @returns `undefined` when the info is not cached and the source is not to be asked
   * @throws IiifError, ImageCacheError with the status that fits
   */
  async expand(
    identifier: string,
    variant: string,
    options: ExpandOptions,
  ): Promise<readonly VariantIdentity[] | undefined> {
    const name = parseVariantName(variant);
    const info = await this.#info(identifier, options);
    if (info === undefined) return undefined;
    const requests = name.kind === 'picture' ? [name.request] : this.#tiles(info, name);
    const identities = new Map<string, VariantIdentity>();
    for (const request of requests) {
      const identity = this.#identityOf(request, info);
      if (identity !== undefined) identities.set(identity.operations, identity);
    }
    return [...identities.values()];
  }

  /** The name of a variant, in terms that make sense for an image of another size. */
  async describe({ identifier, operations }: VariantIdentity): Promise<string | undefined> {
    const { limits } = this.#options;
    const parsed = parseOperationsKey({ operations });
    const info = parsed && (await this.#info(identifier, { onlyIfCached: true }));
    if (parsed === undefined || info === undefined) return undefined;
    const { region, size } = parsed;
    const enlarges = size.width > region.width || size.height > region.height;
    return canonicalParameters(parsed, { version: enlarges ? 3 : 2, info, limits });
  }

  async #info(identifier: string, options: ExpandOptions): Promise<ImageInfo | undefined> {
    try {
      return await this.#options.info(identifier, options);
    } catch (error) {
      if (options.onlyIfCached === true && isImageCacheError(error, 'E_IMAGE_CACHE_NOT_CACHED')) return undefined;
      throw error;
    }
  }

  *#tiles(info: ImageInfo, range: { readonly first: number; readonly last: number }): Generator<ImageRequest> {
    for (const version of VERSIONS)
      for (const { region, size, format } of viewerTiles(info, this.#options.limits, { ...range, version }))
        yield parseImageRequest(version, { region, size, rotation: '0', file: `default.${format}` });
  }

  #identityOf(request: ImageRequest, info: ImageInfo): VariantIdentity | undefined {
    const { renderer } = this.#options;
    const operations = this.#operationsOf(request, info);
    if (operations === undefined || isUnaltered(operations, info)) return undefined;
    const { format } = operations;
    const { identifier } = info;
    return { identifier, operations: operationsKey(operations, renderer.recipe(format)), extension: format };
  }

  /** What is refused to a request is nothing to be prefetched: the image is too small for it, or it lies outside. */
  #operationsOf(request: ImageRequest, info: ImageInfo): Operations | undefined {
    try {
      return resolveOperations(request, info, this.#options.limits);
    } catch (error) {
      if (error instanceof IiifError && REFUSALS.includes(error.code)) return undefined;
      throw error;
    }
  }
}
