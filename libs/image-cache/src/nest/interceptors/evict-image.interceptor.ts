import { Injectable } from '@nestjs/common';
import { isDeterministic } from '../../common/errors.js';
import { EVICT_IMAGE } from '../constants.js';
import { routeImage } from '../route-key.js';
import { CachingInterceptor } from './caching-interceptor.js';
import type { InterceptedCall } from './image-interceptor.js';

/** Evicts an image when a route has changed or deleted it. An eviction that fails makes the request fail. */
@Injectable()
export class EvictImageInterceptor extends CachingInterceptor {
  protected override readonly key = EVICT_IMAGE;

  protected override async answer(call: InterceptedCall): Promise<unknown> {
    const { exchange, handle } = call;
    if (this.isReading(exchange)) return handle();
    const route = this.callOf(call);
    const { cache } = route;
    // Before the handler takes away what a function of the options may look up.
    const { identifier } = await routeImage(exchange, route);
    const result = await handle().catch(async (error: unknown) => {
      // A handler that failed may have changed the image before it did; one that refused has not.
      if (!isDeterministic(error)) await cache.evict(identifier);
      throw error;
    });
    await cache.evict(identifier);
    return result;
  }
}
