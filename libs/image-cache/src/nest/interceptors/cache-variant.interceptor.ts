import { Injectable } from '@nestjs/common';
import { NotCacheable } from '../../common/not-cacheable.js';
import { isStale } from '../../http/cache-status.js';
import { allReplayed } from '../../http/replayed-headers.js';
import type { Render } from '../../ports/image-info.js';
import type { Variant } from '../../tiers/variant-request.js';
import { CACHE_VARIANT } from '../constants.js';
import { discardResult, renderedImage, unsharedResult, type StorableResponse } from '../handler-result.js';
import { routeVariant } from '../route-key.js';
import { routeName } from '../route-name.js';
import type { RouteCall } from '../route-settings.js';
import { conditionsOf, sendVariant } from '../variant-response.js';
import { CachingInterceptor } from './caching-interceptor.js';
import type { InterceptedCall } from './image-interceptor.js';

/** Serves a route's pictures from the variant cache; its handler is called once for all who miss at the same time. */
@Injectable()
export class CacheVariantInterceptor extends CachingInterceptor {
  protected override readonly key = CACHE_VARIANT;
  protected override readonly tier = 'variant';

  protected override async answer(call: InterceptedCall): Promise<unknown> {
    const { exchange, handle } = call;
    if (this.isBypassed(call)) return this.#bypass(call);
    const route = await this.turnOf(call);
    const { cache, signal } = route;
    const storable = storableResponse(route);
    exchange.addVary(storable.vary);
    const { identity, ttl } = await routeVariant(exchange, route);
    const client = await this.clientOf(call, route);
    let own: unknown;
    const render: Render = ({ signal: rendering }) =>
      handle()
        .then((result) => renderedImage(result, exchange, storable, rendering))
        .catch((error: unknown) => {
          own = error;
          if (error instanceof NotCacheable && (exchange.isSent || signal.aborted)) discardResult(error.result);
          throw error;
        });
    try {
      const wishes = await this.wishesOf(call, route);
      const served = (): Promise<void> => exchange.sent();
      const asked = { ...conditionsOf(exchange), ...wishes, ...client, signal, served, whole: !exchange.marksEnds };
      const request = { ...asked, ...(ttl !== undefined && { ttl }) };
      const variant = await cache.variants.getOrRender(identity, render, request);
      // The handler is about to be called, for others.
      if (isStale(variant.outcome)) exchange.detach();
      // The handler may have put its own in the place of what was said before.
      exchange.addVary(storable.vary);
      return sendVariant(exchange, withHeaders(variant, storable.headers), call.hints);
    } catch (error) {
      exchange.detach();
      if (!(error instanceof NotCacheable)) throw error;
      cache.reportUncacheable(routeName(route.context), error.reason, error.message);
      exchange.addCacheStatus({ kind: 'miss', reason: 'miss', stored: false });
      const result = error === own ? error.result : await cache.admit(handle, { ...identity, ...client, signal });
      exchange.addVary(storable.vary);
      return unsharedResult(result, exchange, signal);
    }
  }

  async #bypass({ exchange, handle }: InterceptedCall): Promise<unknown> {
    exchange.addCacheStatus({ kind: 'bypass' });
    const result = await handle();
    return this.isReading(exchange) ? unsharedResult(result, exchange, exchange.clientSignal()) : result;
  }
}

function storableResponse({ cache, options }: RouteCall): StorableResponse {
  const vary = [...(options.vary ?? []), ...(options.format === undefined ? [] : ['Accept'])];
  return { headers: allReplayed(options.replayHeaders ?? cache.replayHeaders), vary };
}

/** What is replayed is what may be now, not when it was stored. */
function withHeaders(variant: Variant, allowed: readonly string[]): Variant {
  const { headers } = variant.meta;
  if (headers === undefined) return variant;
  const replayed = Object.fromEntries(Object.entries(headers).filter(([name]) => allowed.includes(name)));
  return { ...variant, meta: { ...variant.meta, headers: replayed } };
}
