import { ImageCacheError, isImageCacheError } from '../common/errors.js';
import type { CacheEvents } from '../observability/events.js';
import type { VariantIdentity } from '../ports/entry.js';
import type { VariantRenderer } from '../ports/image-info.js';
import type { VariantCache } from '../tiers/variant-cache.js';
import type { VariantRenders } from '../tiers/variant-renders.js';
import type { WarmCounts } from './image-cache.js';

/** What {@link warm} depends on. */
export interface WarmOptions {
  readonly variants: VariantCache;
  readonly renders: VariantRenders;
  readonly renderer: VariantRenderer;
  readonly events: CacheEvents;
  /** Ends the work before the next variant. */
  readonly signal: AbortSignal;
}

/**
 * Renders and stores variants that the store does not have, one after the other: a long list takes one place among the
 * renders at most, and the memory of one picture that is being written. What fails is told and counted.
 */
export async function warm(
  identities: Iterable<VariantIdentity> | AsyncIterable<VariantIdentity>,
  options: WarmOptions,
): Promise<WarmCounts> {
  const counts = { rendered: 0, cached: 0, failed: 0 };
  const { events, signal } = options;
  const isOver = (): boolean => signal.aborted;
  if (isOver()) return counts;
  for await (const identity of identities) {
    try {
      counts[await warmOne(identity, options)] += 1;
    } catch (error) {
      if (!isOver() || !isImageCacheError(error, 'E_IMAGE_CACHE_ABORTED')) {
        counts.failed += 1;
        events.emit('warm-failed', { identifier: identity.identifier, operations: identity.operations, error });
      }
    }
    if (isOver()) break;
  }
  return counts;
}

async function warmOne(identity: VariantIdentity, options: WarmOptions): Promise<'rendered' | 'cached'> {
  const { variants, renders, renderer, signal } = options;
  if (await variants.has(identity, { signal })) return 'cached';
  const request = { signal, priority: 'background', whole: true } as const;
  const { body, outcome } = await variants.getOrRender(
    identity,
    (context) => renderer.render(identity, context),
    request,
  );
  if (body !== undefined && !Buffer.isBuffer(body)) body.destroy();
  if (outcome.kind === 'hit' || outcome.kind === 'collapsed') return 'cached';
  await renders.written();
  if (outcome.kind === 'miss' && outcome.stored && (await variants.has(identity))) return 'rendered';
  throw new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', 'It was rendered, and is not in the store.');
}
