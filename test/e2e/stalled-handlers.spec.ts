import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { PassThrough, Readable } from 'node:stream';
import { CacheVariant, SkipImageCache } from 'nestjs-image-cache';
import { until } from '../support/async.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const BEGINNING = Buffer.from('ffd8ffe000104a46494600', 'hex');

describe.each(PLATFORMS)('a stream of a handler that stalls at its beginning, on %s', (platform) => {
  const start = usingApps(platform);
  const given: Readable[] = [];

  const give = (stream: Readable): Readable => {
    given.push(stream);
    return stream;
  };

  const stalling = (): Readable => {
    const stream = new PassThrough();
    stream.write(BEGINNING);
    return give(stream);
  };

  @Controller('pictures')
  class Pictures {
    @Get('shared/:id')
    @CacheVariant()
    shared(): Readable {
      return stalling();
    }

    @Get('exempt/:id')
    @CacheVariant()
    @SkipImageCache()
    exempt(): Readable {
      return stalling();
    }

    @Get('objects/:id')
    @CacheVariant()
    objects(): Readable {
      return give(Readable.from([BEGINNING, { no: 'bytes' }, BEGINNING]));
    }
  }

  it('is destroyed when its render is given up', async () => {
    given.length = 0;
    const app = await start({ controllers: [Pictures], cache: { render: { deadline: '200ms' } } });
    expect((await app.get('/pictures/shared/1')).status).toBeGreaterThanOrEqual(400);
    await until(() => given.every(({ destroyed }) => destroyed));
    expect(given).toHaveLength(1);
  });

  it('is destroyed when its client leaves and nobody else may have it', async () => {
    given.length = 0;
    const app = await start({ controllers: [Pictures] });
    const client = app.open('/pictures/exempt/1');
    await until(() => given.length === 1);
    client.leave();
    await until(() => given.every(({ destroyed }) => destroyed));
  });

  it('is destroyed when it gives something else than bytes', async () => {
    given.length = 0;
    const app = await start({ controllers: [Pictures] });
    expect((await app.get('/pictures/objects/1')).status).toBe(500);
    await until(() => given.every(({ destroyed }) => destroyed));
    expect(given).toHaveLength(1);
  });
});
