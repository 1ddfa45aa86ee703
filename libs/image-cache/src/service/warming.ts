import { ImageCacheError, isAbandonment, messageOf } from '../common/errors.js';
import { invalidOption } from '../common/options.js';
import type { CacheEventMap, CacheEvents } from '../observability/events.js';
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

type Warming = Pick<WarmOptions, 'variants' | 'renders' | 'signal' | 'events'> & { readonly renderer: VariantRenderer };

type Refusal = CacheEventMap['not-stored'];

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
      if (!isOver() || !isEnd(error, signal)) {
        counts.failed += 1;
        events.emit('warm-failed', { identifier: identity.identifier, operations: identity.operations, error });
        onEach?.({ identity, outcome: 'failed', error });
      }
    }
    if (isOver()) break;
  }
  return counts;
}

/** Whether an error says no more than that the work was ended. */
function isEnd(error: unknown, { reason }: AbortSignal): boolean {
  return error === reason || isAbandonment(error);
}

async function warmOne(identity: VariantIdentity, options: Warming): Promise<'rendered' | 'cached'> {
  const { variants, events, signal } = options;
  if (await variants.has(identity, { signal })) return 'cached';
  let refusal: Refusal | undefined;
  const stop = events.on('not-stored', (told) => {
    if (told.tier === 'variant' && told.identifier === identity.identifier) refusal = told;
  });
  try {
    const isRendered = await renderOne(identity, options);
    if (!isRendered) return 'cached';
    if (await variants.has(identity)) return 'rendered';
    throw notStored(refusal);
  } finally {
    stop();
  }
}

/** Renders a variant, and waits until it has been written; tells whether nobody else had rendered it. */
async function renderOne(
  identity: VariantIdentity,
  { variants, renders, renderer, signal }: Warming,
): Promise<boolean> {
  const request = { signal, priority: 'background', whole: true } as const;
  const { body, outcome } = await variants.getOrRender(
    identity,
    (context) => renderer.render(identity, context),
    request,
  );
  if (body !== undefined && !Buffer.isBuffer(body)) body.destroy();
  if (outcome.kind === 'hit' || outcome.kind === 'collapsed') return false;
  await renders.written();
  return true;
}

/** Why something that was rendered is not in the store. */
function notStored({ reason, error }: Partial<Refusal> = {}): ImageCacheError {
  const why = error === undefined ? '' : `: ${messageOf(error)}`;
  const options = { cause: error };
  if (reason === 'too-large')
    return new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `It is too large for the store${why}`, options);
  if (reason === 'fenced' || reason === 'source-changed')
    return new ImageCacheError('E_IMAGE_CACHE_SOURCE_CHANGED', 'The image was evicted while it was rendered.', options);
  return new ImageCacheError(
    'E_IMAGE_CACHE_STORE_UNAVAILABLE',
    `It was rendered, and is not in the store${why}`,
    options,
  );
}
