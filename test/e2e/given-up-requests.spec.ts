import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { Readable } from 'node:stream';
import { timeout, type Observable } from 'rxjs';
import { CacheVariant, filesystemStore, type RoutedRequest } from 'nestjs-image-cache';
import { deferred, until, type Deferred } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { openDescriptors } from '../support/open-descriptors.js';
import { jpegOf, LARGE } from '../support/pictures.js';
import { connectRaw } from '../support/raw-client.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const PICTURE = jpegOf(LARGE);

/** As Nest's guide has it, for those who say that they are in a hurry. */
class TimeoutInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<RoutedRequest>();
    return headers['x-hurry'] === undefined ? next.handle() : next.handle().pipe(timeout(50));
  }
}

const hurry = { 'x-hurry': 'yes' };
const configure = (app: INestApplication): unknown => app.useGlobalInterceptors(new TimeoutInterceptor());

describe.each(PLATFORMS)('requests that nobody waits for any more, on %s', (platform) => {
  const start = usingApps(platform);
  let directory: TestDirectory;
  let gate: Deferred;
  let calls: number;

  beforeEach(async () => {
    directory = await makeDirectory();
    gate = deferred();
    calls = 0;
  });

  afterEach(() => directory.remove());

  @Controller('pictures')
  class Pictures {
    @Get('late/:id')
    @CacheVariant()
    async late(): Promise<Readable> {
      calls += 1;
      await gate.promise;
      return Readable.from([PICTURE.subarray(0, 2_000_000), PICTURE.subarray(2_000_000)], { objectMode: false });
    }

    @Get('unsendable/:id')
    @CacheVariant()
    unsendable(): StreamableFile {
      return new StreamableFile(PICTURE, { type: 'image/jpeg', disposition: 'inline; filename="日本.jpg"' });
    }
  }

  const started = () =>
    start({
      controllers: [Pictures],
      cache: { variant: { store: filesystemStore({ directory: directory.path }) } },
      configure,
    });

  it('leave a picture that is slower than the timeout of an interceptor to those who come later', async () => {
    const app = await started();
    expect((await app.get('/pictures/late/1', hurry)).status).toBe(500);
    const patient = app.get('/pictures/late/1');
    gate.resolve();
    expect((await patient).headers['cache-status']).toContain('collapsed');
    await until(() => app.cache.stats().stored === 1);
    expect((await app.get('/pictures/late/1')).headers['cache-status']).toContain('; hit');
    expect(calls).toBe(1);
    expect(app.log.filter(({ message }) => message.includes('is not cached'))).toEqual([]);
  });

  it('leave no file open when their answer comes after an interceptor has given up', async () => {
    const app = await started();
    const patient = app.get('/pictures/late/1');
    await until(() => calls === 1);
    expect((await app.get('/pictures/late/1', hurry)).status).toBe(500);
    gate.resolve();
    expect((await patient).body.equals(PICTURE)).toBe(true);
    await until(() => app.cache.stats().stored === 1);
    await until(async () => (await openDescriptors(directory.path)) === 0);
  });

  it('are not begun behind a response that closes their connection', async () => {
    const app = await started();
    const client = await connectRaw(app.port);
    client.send('/pictures/late/1', '/pictures/late/2', '/pictures/late/3');
    await until(() => calls === 1);
    app.cache.drain();
    gate.resolve();
    await client.rest();
    client.socket.destroy();
    await until(() => app.cache.stats().stored === 1);
    expect(calls).toBe(1);
  });

  it('keep nothing of a picture with a header that cannot be sent, and name the header', async () => {
    const app = await started();
    for (let i = 0; i < 2; i += 1) expect((await app.get('/pictures/unsendable/1')).status).toBe(500);
    expect(app.cache.stats().stored).toBe(0);
    expect(app.log.map(({ message }) => message).join('\n')).toMatch(/the header content-disposition .*filename\*=/);
    expect(await openDescriptors(directory.path)).toBe(0);
  });
});
