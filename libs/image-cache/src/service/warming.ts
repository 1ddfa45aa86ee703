import { ImageCacheError, isImageCacheError } from '../common/errors.js';
import { invalidOption } from '../common/options.js';
import type { CacheEvents } from '../observability/events.js';
import type { VariantIdentity } from '../ports/entry.js';
import type { VariantRenderer } from '../ports/image-info.js';
import type { VariantCache } from '../tiers/variant-cache.js';
import type { VariantRenders } from '../tiers/variant-renders.js';
import type { TierStores } from './build-stores.js';
import type { WarmCounts, WarmListener } from './warm-outcome.js';
import type { ResolvedOptions } from './resolve-options.js';

/** What {@link warm} depends on. */
export interface WarmOptions {
  readonly variants: VariantCache;
  readonly renders: VariantRenders;
  readonly options: Pick<ResolvedOptions, 'renderer'>;
  readonly stores: TierStores;
  readonly events: CacheEvents;
  /** Ends the work before the next variant. */
  readonly signal: AbortSignal;
  readonly onEach?: WarmListener | undefined;
}

type Warming = Pick<WarmOptions, 'variants' | 'renders' | 'signal'> & { readonly renderer: VariantRenderer };

/**
 * Renders and stores variants that the store does not have, one after the other: a long list takes one place among the
 * renders at most, and the memory of one picture that is being written. What fails is told and counted.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when there is no renderer or no variant cache
 */
export async function warm(
  identities: Iterable<VariantIdentity> | AsyncIterable<VariantIdentity>,
  { options: { renderer }, stores, ...parts }: WarmOptions,
): Promise<WarmCounts> {
  if (renderer === undefined) throw invalidOption('imageCache.renderer', 'is needed to render outside of a request.');
  if (stores.variant === undefined) throw invalidOption('imageCache.variant', 'is needed to keep what is rendered.');
  const options = { ...parts, renderer };
  const counts = { rendered: 0, cached: 0, failed: 0 };
  const { events, signal, onEach } = options;
  const isOver = (): boolean => signal.aborted;
  if (isOver()) return counts;
  for await (const identity of identities) {
    try {
      const outcome = await warmOne(identity, options);
      counts[outcome] += 1;
      onEach?.({ identity, outcome });
    } catch (error) {
      if (!isOver() || !isImageCacheError(error, 'E_IMAGE_CACHE_ABORTED')) {
        counts.failed += 1;
        events.emit('warm-failed', { identifier: identity.identifier, operations: identity.operations, error });
        onEach?.({ identity, outcome: 'failed', error });
      }
    }
    if (isOver()) break;
  }
  return counts;
}

async function warmOne(identity: VariantIdentity, options: Warming): Promise<'rendered' | 'cached'> {
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
