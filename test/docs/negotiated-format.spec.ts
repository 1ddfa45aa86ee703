import { describe, expect, it } from '@jest/globals';
import { CacheVariant } from 'nestjs-image-cache';
import { Controller, Get } from '@nestjs/common';
import { PostersModule } from '../../docs/examples/negotiated-format.controller.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const CHROME = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
const FIREFOX = 'image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5';

describe.each(PLATFORMS)('The example of a negotiated format on %s', (platform) => {
  const start = usingApps(platform);

  it('makes one picture for each format, whatever the clients say beside it', async () => {
    const app = await start({ imports: [PostersModule], cache: false });
    const told = [];
    for (const accept of [CHROME, FIREFOX, 'image/webp', 'image/webp,*/*', '*/*', 'text/html', 'image/png']) {
      const { status, headers } = await app.get('/posters/teal', { Accept: accept });
      expect([status, headers.vary]).toEqual([200, 'Accept']);
      told.push([headers['content-type'], String(headers['cache-status']).includes('hit')]);
    }
    expect(told).toEqual([
      ['image/avif', false],
      ['image/avif', true],
      ['image/webp', false],
      ['image/webp', true],
      ['image/jpeg', false],
      ['image/jpeg', true],
      ['image/jpeg', true],
    ]);
    const etag = String((await app.get('/posters/teal', { Accept: CHROME })).headers.etag);
    const known = await app.get('/posters/teal', { Accept: CHROME, 'If-None-Match': etag });
    expect([known.status, known.headers.vary]).toEqual([304, 'Accept']);
  });

  it.each(['all', [], ['avif', 'gif'], 5])('refuses %j as formats', async (format) => {
    @Controller('posters')
    class Posters {
      @Get(':id')
      @CacheVariant({ format: format as never })
      poster(): Buffer {
        return Buffer.from('poster');
      }
    }
    await expect(start({ controllers: [Posters] })).rejects.toThrow(
      "Posters.poster: format: has to be 'auto' or a list of avif, webp, jpeg, png.",
    );
  });
});
