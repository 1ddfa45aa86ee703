import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { cacheTagOf, createImageCache, type EvictionHook } from 'nestjs-image-cache';
import { purgeCloudflare, purgeFastly } from '../../docs/examples/purge-cdn.js';

describe('The examples of purges', () => {
  let server: Server;
  let api: string;
  let status: number;
  const asked: unknown[] = [];

  beforeEach(async () => {
    status = 200;
    asked.length = 0;
    server = createServer((request, response) => {
      const { method, url, headers } = request;
      void text(request).then((body) => {
        const key = headers['fastly-key'] ?? headers.authorization;
        asked.push({ method, url, key, ...(body !== '' && { body: JSON.parse(body) as unknown }) });
        response.writeHead(status).end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const evict = async (onEvict: EvictionHook): Promise<void> => {
    const cache = await createImageCache({ onEvict });
    await cache.evict('maps/paris.tif');
    await cache.told();
    expect(cache.stats()).toMatchObject({ told: 1, untold: 0 });
    await cache.purge();
    await cache.told();
    await cache.close();
  };

  it('ask Fastly for the key of an image, and for that of all', async () => {
    await evict(purgeFastly({ service: 'SU1Z0isxPaozGVKXdv0eY', token: 'secret', api }));
    const common = { method: 'POST', key: 'secret' };
    expect(asked).toEqual([
      { ...common, url: `/service/SU1Z0isxPaozGVKXdv0eY/purge/${cacheTagOf('maps/paris.tif')}` },
      { ...common, url: '/service/SU1Z0isxPaozGVKXdv0eY/purge/image-cache' },
    ]);
  });

  it('ask Cloudflare for the tag of an image, and for that of all', async () => {
    await evict(purgeCloudflare({ zone: '023e105f4ecef8ad9ca31a8372d0c353', token: 'secret', api }));
    const url = '/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache';
    const common = { method: 'POST', url, key: 'Bearer secret' };
    expect(asked).toEqual([
      { ...common, body: { tags: [cacheTagOf('maps/paris.tif')] } },
      { ...common, body: { tags: ['image-cache'] } },
    ]);
  });

  it('reject when they are refused, and tell by whom', async () => {
    status = 503;
    const notice = { reason: 'request', scope: 'image', tag: cacheTagOf('a'), identifier: 'a' } as const;
    const { signal } = new AbortController();
    for (const hook of [
      purgeFastly({ service: 's', token: 't', api }),
      purgeCloudflare({ zone: 'z', token: 't', api }),
    ])
      await expect(hook(notice, { signal })).rejects.toThrow(/^127\.0\.0\.1:\d+ answered 503\.$/);
  });
});
