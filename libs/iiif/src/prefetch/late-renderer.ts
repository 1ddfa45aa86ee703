import {
  ImageCacheError,
  type RenderContext,
  type RenderedImage,
  type VariantIdentity,
  type VariantRenderer,
} from 'nestjs-image-cache';

/** The renderer of a cache, which is made before who renders: that needs the cache. */
export class LateRenderer implements VariantRenderer {
  #renderer: VariantRenderer | undefined;

  /** Says who renders. */
  set(renderer: VariantRenderer): void {
    this.#renderer = renderer;
  }

  render(identity: VariantIdentity, context: RenderContext): Promise<RenderedImage> {
    if (this.#renderer !== undefined) return this.#renderer.render(identity, context);
    return Promise.reject(new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'The image server has not started yet.'));
  }
}
