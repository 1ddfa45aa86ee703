import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, NotFoundException, Param, Post } from '@nestjs/common';
import { CacheInfo, CacheVariant, SkipImageCache } from 'nestjs-image-cache';
import { record } from '../support/async.js';
import { imageInfo } from '../support/image-info.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

@Controller('pictures')
class PicturesController {
  @Get('skipped/:id')
  @CacheVariant()
  @SkipImageCache()
  @Header('Content-Type', 'image/png')
  skipped(): Buffer {
    return Buffer.from('skipped');
  }

  @Get('broken/:id')
  @CacheVariant()
  broken(): Buffer {
    throw new Error('broken');
  }

  @Get('missing/:id')
  @CacheVariant()
  missing(@Param('id') id: string): Buffer {
    throw new NotFoundException(id);
  }

  @Get(':id/info')
  @CacheInfo()
  info(@Param('id') id: string): object {
    return imageInfo({ identifier: id });
  }

  @Get(':id')
  @CacheVariant()
  @Header('Content-Type', 'image/png')
  picture(@Param('id') id: string): Buffer {
    return Buffer.from(`picture of ${id}`);
  }

  @Post(':id')
  other(): string {
    return 'not ours';
  }
}

describe.each(PLATFORMS)('What requests are told of as, on %s', (platform) => {
  const start = usingApps(platform);
  const BYTES = 'picture of a'.length;

  it('tells once of each request how it was answered, and with how many bytes', async () => {
    const app = await start({ controllers: [PicturesController] });
    const { cache } = app;
    const served = record(cache, 'served');
    const { headers } = await app.get('/pictures/a');
    await app.get('/pictures/a');
    await app.get('/pictures/a', { range: 'bytes=0-2' });
    await app.get('/pictures/a', { 'if-none-match': String(headers.etag) });
    await app.request('HEAD', '/pictures/a');
    await app.get('/pictures/skipped/a');
    await app.get('/pictures/missing/a');
    await app.get('/pictures/broken/a');
    await app.get('/pictures/a/info');
    await app.get('/pictures/a/info');
    await app.request('POST', '/pictures/a');
    expect(served.map(({ tier, outcome, bytes }) => [tier, outcome, bytes])).toEqual([
      ['variant', 'miss', BYTES],
      ['variant', 'hit', BYTES],
      ['variant', 'hit', 3],
      ['variant', 'not-modified', 0],
      ['variant', 'hit', 0],
      ['variant', 'bypass', 0],
      ['variant', 'client-error', 0],
      ['variant', 'server-error', 0],
      ['info', 'miss', 0],
      ['info', 'hit', 0],
    ]);
    for (const { duration } of served) expect(duration).toBeGreaterThan(0);
    expect(cache.stats().served.variant).toMatchObject({ hit: 3, miss: 1, bypass: 1, 'not-modified': 1 });
    expect(cache.stats().served.info).toMatchObject({ hit: 1, miss: 1 });
  });
});
