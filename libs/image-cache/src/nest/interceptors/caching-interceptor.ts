import type { ExecutionContext } from '@nestjs/common';
import type { ImageCache } from '../../service/image-cache.js';
import type { CacheWishes } from '../../tiers/variant-request.js';
import type { RouteImageOptions } from '../route-options.js';
import { clientOf } from '../client-of.js';
import { wishesOf } from '../client-wishes.js';
import { resolveOptions, type RouteCall } from '../route-settings.js';
import { ImageInterceptor, type InterceptedCall } from './image-interceptor.js';

/** What the interceptors of routes that use a cache have in common. */
export abstract class CachingInterceptor extends ImageInterceptor {
  protected override cacheOf(context: ExecutionContext): ImageCache {
    const options: RouteImageOptions = this.optionsOf(this.key, context) ?? {};
    return this.cacheNamed(options.cache);
  }

  /** What has to be known to find out what a request is about. */
  protected callOf({ context, exchange }: InterceptedCall): RouteCall {
    const cache = this.cacheOf(context);
    return { cache, context, options: this.imageOptionsOf(context), signal: exchange.clientSignal() };
  }

  /** {@link callOf} when it is the request's turn on its connection. */
  protected async turnOf(call: InterceptedCall): Promise<RouteCall> {
    await call.exchange.turn(this.cacheOf(call.context));
    return this.callOf(call);
  }

  /** Whose request it is, where that matters. */
  protected clientOf({ exchange }: InterceptedCall, route: RouteCall): Promise<{ readonly client?: string }> {
    const { cache, options } = route;
    const clientId = async (): Promise<string | undefined> => (await resolveOptions(['clientId'], route))[0];
    return clientOf(exchange, { cache, ...(options.clientId !== undefined && { clientId }) });
  }

  /** What the client asks of the cache, as far as the route lets it. */
  protected wishesOf({ exchange, hints }: InterceptedCall, route: RouteCall): Promise<CacheWishes> {
    const isObeyed = async (): Promise<boolean> => (await resolveOptions(['clientDirectives'], route))[0] === 'true';
    return wishesOf(exchange, { hints, isObeyed });
  }

  /** Where there is a source, images are its images, whatever controller serves them. */
  protected imageOptionsOf(context: ExecutionContext): RouteImageOptions {
    return { ...(this.cacheOf(context).hasSource && { namespace: '' }), ...this.optionsOf(this.key, context) };
  }
}
