import { Injectable } from '@nestjs/common';
import { digestOf } from '../../common/streams.js';
import { isStale } from '../../http/cache-status.js';
import { hintsWithoutLifetime } from '../../http/client-hints.js';
import { isNotModified } from '../../http/conditional.js';
import { formatEtag } from '../../http/entity-tags.js';
import { NotCacheable } from '../../common/not-cacheable.js';
import { isImageInfo } from '../../keys/info-codec.js';
import type { ImageInfo } from '../../ports/image-info.js';
import { CACHE_INFO } from '../constants.js';
import { routeImage } from '../route-key.js';
import { routeName } from '../route-name.js';
import { CachingInterceptor } from './caching-interceptor.js';
import type { InterceptedCall } from './image-interceptor.js';

/** Serves a route's image infos from the heap info and info caches. */
@Injectable()
export class CacheInfoInterceptor extends CachingInterceptor {
  protected override readonly key = CACHE_INFO;
  protected override readonly tier = 'info';

  protected override async answer(call: InterceptedCall): Promise<unknown> {
    const { context, exchange, handle } = call;
    if (this.isBypassed(call)) return handle();
    const route = await this.turnOf(call);
    const { cache, signal } = route;
    const { own: told, identifier } = await routeImage(exchange, route);
    let own: unknown;
    const read = async () => {
      const info = await handle();
      if (isImageInfo(info)) return { ...info, identifier };
      throw (own = new NotCacheable('type', 'the handler returned no ImageInfo', info));
    };
    try {
      const found = await cache.infos.lookUp(identifier, read, { ...(await this.wishesOf(call, route)), signal });
      const info = forClients(found.info, told);
      const digest = digestOf(Buffer.from(JSON.stringify(info)));
      exchange.addCacheStatus(found.outcome);
      exchange.setHints(isStale(found.outcome) ? hintsWithoutLifetime(call.hints) : call.hints, identifier);
      exchange.setHeader('ETag', formatEtag(digest));
      if (!isNotModified({ ifNoneMatch: exchange.header('if-none-match') }, { digest })) return info;
      exchange.status = 304;
      return undefined;
    } catch (error) {
      if (!(error instanceof NotCacheable)) throw error;
      cache.reportUncacheable(routeName(context), error.reason, error.message);
      return error === own ? error.result : handle();
    }
  }
}

/** What the handler returned; namespace and stamp are ours, and a stamp tells about the server's files. */
function forClients(info: ImageInfo, identifier: string): object {
  return { ...info, identifier, source: undefined };
}
