import { beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Res, StreamableFile } from '@nestjs/common';
import { CacheVariant } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { until } from '../support/async.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const HOUR = 3_600_000;

/** What responses of Express and replies of Fastify have in common. */
interface Reply {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

describe.each(PLATFORMS)('a response that is sent while its handler renews the picture, on %s', (platform) => {
  const start = usingApps(platform);
  let clock: FakeClock;
  let calls: number;
  let streams: StreamableFile[];

  /** An application with a picture past its time, whose handler does something with the response when it is renewed. */
  async function serve(speak: (reply: Reply) => void): Promise<TestApp> {
    @Controller('pictures')
    class Pictures {
      @Get(':id')
      @CacheVariant()
      picture(@Res({ passthrough: true }) reply: Reply): StreamableFile {
        calls += 1;
        if (calls > 1) speak(reply);
        const file = new StreamableFile(Buffer.from(`version ${calls}`), { type: 'image/png' });
        streams.push(file);
        return file;
      }
    }
    const app = await start({ controllers: [Pictures], cache: { clock, variant: { ttl: '1h', stale: '1h' } } });
    await app.get('/pictures/a');
    await until(() => app.cache.stats().stored === 1);
    await clock.advance(HOUR + 1);
    return app;
  }

  beforeEach(() => {
    clock = new FakeClock(Date.now());
    calls = 0;
    streams = [];
  });

  it.each<[string, (reply: Reply) => void]>([
    ['a header', (reply) => reply.header('X-Version', '2')],
    ['a cookie', (reply) => reply.header('Set-Cookie', 'user=2')],
    ['a status', (reply) => reply.status(404)],
  ])('has nothing of %s that the handler sets', async (_what, speak) => {
    const app = await serve(speak);
    const { status, body, headers } = await app.get('/pictures/a');
    expect([status, String(body), headers['x-version'], headers['set-cookie']]).toEqual([
      200,
      'version 1',
      undefined,
      undefined,
    ]);
    await until(() => calls === 2);
  });

  it.each<[string, (reply: Reply) => void]>([
    ['that it is private', (reply) => reply.header('Cache-Control', 'private')],
    ['a cookie', (reply) => reply.header('Set-Cookie', 'user=2')],
    ['that it stands for something that is not there', (reply) => reply.status(404)],
  ])('does not let the new picture be kept that the handler gives with %s', async (_what, speak) => {
    const app = await serve(speak);
    await app.get('/pictures/a');
    await until(() => app.cache.stats().renewFailures === 1);
    expect(String((await app.get('/pictures/a')).body)).toBe('version 1');
    expect(app.cache.stats().stored).toBe(1);
    const [, second] = streams;
    await until(() => calls === 2 && (second === undefined || second.getStream().destroyed));
  });
});
