import type { ImageCache, VariantIdentity } from 'nestjs-image-cache';

export async function warmAll(
  imageCache: ImageCache,
  identities: AsyncIterable<VariantIdentity>,
  signal: AbortSignal,
): Promise<string> {
  const { rendered, cached, failed } = await imageCache.warm(identities, { signal });
  return `${rendered} rendered, ${cached} there already, ${failed} failed`;
}
