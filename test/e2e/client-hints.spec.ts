import { describe, expect, it } from '@jest/globals';
import { Controller, Get, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import {
  CacheControl,
  CacheInfo,
  cacheTagOf,
  CacheVariant,
  namespacedIdentifier,
  type ClientOptions,
  type ImageInfo,
} from 'nestjs-image-cache';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { handlerInfo } from '../support/handler-info.js';
import type { Answer } from '../support/http-client.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

class Anybody implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

function tenantOf(context: ExecutionContext): string {
  return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-tenant'] ?? 'none';
}

const CLIENT: ClientOptions = { maxAge: '5m', cdn: { maxAge: '1d', staleWhileRevalidate: '1h' }, tags: true };

/** For the middleware of an application that has sessions. */
function rememberVisitor(_request: unknown, response: ServerResponse, next: () => void): void {
  response.setHeader('Set-Cookie', 'visitor=1');
  next();
}

@Controller('pictures')
class Pictures {
  @Get('guarded/:id')
  @UseGuards(Anybody)
  @CacheVariant({ namespace: 'Pictures' })
  guarded(): Buffer {
    return jpegOf(100);
  }

  @Get('open/:id')
  @UseGuards(Anybody)
  @CacheVariant({ namespace: 'Pictures' })
  @CacheControl({ ...CLIENT, visibility: 'public' })
  open(): Buffer {
    return jpegOf(100);
  }

  @Get('tenants/:id')
  @CacheVariant({ namespace: 'Pictures', partition: tenantOf })
  ofTenant(): Buffer {
    return jpegOf(100);
  }

  @Get('declared/:id')
  @CacheVariant({ namespace: 'Pictures', operations: { width: 100 }, partition: tenantOf })
  declared(): Buffer {
    return jpegOf(100);
  }

  @Get(':id/info')
  @CacheInfo({ namespace: 'Pictures' })
  info(): ImageInfo {
    return handlerInfo('a');
  }

  @Get(':id')
  @CacheVariant({ namespace: 'Pictures' })
  picture(): Buffer {
    return jpegOf(100);
  }
}

const TAG = cacheTagOf(namespacedIdentifier('Pictures', 'a'));

function told({ headers }: Answer): unknown {
  return {
    client: headers['cache-control'],
    cdn: headers['cdn-cache-control'],
    tags: [headers['cache-tag'], headers['surrogate-key']],
  };
}

const SHARED = {
  client: 'max-age=300, public',
  cdn: 'max-age=86400, public, stale-while-revalidate=3600',
  tags: [`image-cache,${TAG}`, `image-cache ${TAG}`],
};

const OWN = { client: 'max-age=300, private', cdn: undefined, tags: [undefined, undefined] };

describe.each(PLATFORMS)('what CDNs are told on %s', (platform) => {
  const start = usingApps(platform);

  const serve = (client: ClientOptions = CLIENT): Promise<TestApp> =>
    start({ controllers: [Pictures], cache: { client, heapInfo: {} } });

  it('is said by pictures and infos, whole, in part or known already, on misses and on hits', async () => {
    const app = await serve();
    const first = await app.get('/pictures/a');
    const etag = String(first.headers.etag);
    const answers = [
      first,
      await app.get('/pictures/a'),
      await app.get('/pictures/a', { 'If-None-Match': etag }),
      await app.get('/pictures/a', { Range: 'bytes=0-9' }),
      await app.request('HEAD', '/pictures/a'),
      await app.get('/pictures/a/info'),
      await app.get('/pictures/a/info'),
      await app.get('/pictures/open/a', { Authorization: 'Bearer x' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 304, 206, 200, 200, 200, 200]);
    for (const answer of answers) expect(told(answer)).toEqual(SHARED);
  });

  it.each<[string, string, Record<string, string>]>([
    ['on a route with a guard', '/pictures/guarded/a', {}],
    ['on a route that tells audiences apart', '/pictures/tenants/a', {}],
    ['to who has said who it is', '/pictures/a', { Authorization: 'Basic eDp5' }],
    ['about an info, to who has said who it is', '/pictures/a/info', { Authorization: 'Basic eDp5' }],
  ])('is nothing %s: the answer is private', async (_where, path, headers) => {
    const app = await serve();
    for (const turn of ['miss', 'hit']) {
      const answer = await app.get(path, headers);
      expect([turn, told(answer)]).toEqual([turn, OWN]);
    }
  });

  it('is nothing where somebody is given a cookie', async () => {
    const app = await start({
      controllers: [Pictures],
      cache: { client: CLIENT },
      configure: (nest) =>
        void nest.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
          if (request.headers['x-new'] === undefined) next();
          else rememberVisitor(request, response, next);
        }),
    });
    await app.get('/pictures/a');
    expect(told(await app.get('/pictures/a'))).toEqual(SHARED);
    const answer = await app.get('/pictures/a', { 'X-New': 'yes' });
    expect(answer.headers['set-cookie']).toEqual(['visitor=1']);
    expect(told(answer)).toEqual(OWN);
  });

  it('is nothing unless it was asked for, and nothing of errors', async () => {
    const app = await serve({ maxAge: '5m' });
    expect(told(await app.get('/pictures/a'))).toEqual({ ...OWN, client: 'max-age=300, public' });
    const tagged = await serve();
    const refused = await tagged.get('/pictures/a', { 'If-Match': '"other"' });
    expect(told(refused)).toEqual({ ...OWN, client: 'no-cache, no-store, must-revalidate' });
  });

  it.each(['/pictures/tenants/a', '/pictures/declared/a'])('keeps audiences apart (%s)', async (path) => {
    const app = await serve();
    const bodies = [];
    for (const tenant of ['one', 'two', 'one', 'two']) {
      const { body } = await app.get(path, { 'X-Tenant': tenant });
      bodies.push(body.toString('hex'));
    }
    expect(bodies.slice(2)).toEqual(bodies.slice(0, 2));
    expect(new Set(bodies).size).toBe(2);
  });

  it.each<[string, object]>([
    ['client.tags', { tags: 'yes' }],
    ['client.cdn.visibility', { cdn: { visibility: 'private' } }],
    ['client.cdn.sharedMaxAge', { cdn: { sharedMaxAge: '1d' } }],
    ['client.cdn.maxAge', { cdn: { maxAge: 'long' } }],
    ['client.cdnMaxAge', { cdnMaxAge: '1d' }],
  ])('is checked at the start: %s', async (path, client) => {
    await expect(start({ cache: { client } })).rejects.toThrow(`imageCache.${path}: `);
  });
});
