import { Injectable } from '@nestjs/common';
import { CACHE_CONTROL, CACHE_INFO, CACHE_VARIANT } from '../constants.js';
import { ImageInterceptor, type InterceptedCall } from './image-interceptor.js';

/**
 * Gives a route's good answers their `Cache-Control`, also where nothing is cached on our side. What the handler says
 * itself stands.
 */
@Injectable()
export class CacheControlInterceptor extends ImageInterceptor {
  protected override readonly key = CACHE_CONTROL;

  /** The decorator says it all. */
  protected override cacheOf(): undefined {
    return undefined;
  }

  protected override async answer(call: InterceptedCall): Promise<unknown> {
    const result = await call.handle();
    const { exchange, hints } = call;
    const isGood = exchange.status === 200 || exchange.status === 304;
    const hasSpoken = ['cache-control', 'set-cookie'].some((name) => exchange.responseHeader(name) !== undefined);
    if (isGood && !hasSpoken && !this.isBypassed(call) && !this.#isCached(call)) exchange.setHints(hints);
    return result;
  }

  /** What is cached gets its header where that is done, and must not be taken for private before. */
  #isCached({ context }: InterceptedCall): boolean {
    return [CACHE_VARIANT, CACHE_INFO].some((key) => this.optionsOf(key, context) !== undefined);
  }
}
