import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { filesystemStore } from 'nestjs-image-cache';
import { HttpSource, IiifModule } from 'nestjs-iiif';
import { record, until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { OriginServer } from '../support/origin-server.js';
import { noise } from '../support/samples.js';
import { usingApps, type TestApp } from '../support/test-app.js';

const PICTURE = '/iiif/3/lake.jpg/full/20,/0/default.jpg';

describe('a conservative IIIF server whose origin sends no ETag', () => {
  const startApp = usingApps('fastify');
  let directory: TestDirectory;
  let origin: OriginServer;
  let source: HttpSource;
  let image: Buffer;

  beforeEach(async () => {
    directory = await makeDirectory();
    origin = await OriginServer.start();
    source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'] });
    image = await noise(60, 40).jpeg().toBuffer();
  });

  afterEach(async () => {
    await origin.stop();
    await source.close();
    await directory.remove();
  });

  /** Has the origin tell the length in answer to some methods, as proxies do. */
  const tellLength = (methods: readonly string[], lastModified: string): void => {
    origin.behaviour = ({ method = '' }, response) => {
      response.setHeader('last-modified', lastModified);
      if (methods.includes(method)) response.setHeader('content-length', image.byteLength);
      response.flushHeaders();
      response.end(method === 'HEAD' ? undefined : image);
    };
  };

  const start = (): Promise<TestApp> => {
    const store = (name: string) => filesystemStore({ directory: join(directory.path, name) });
    const cache = { resolveFirst: true, sources: { store: store('originals') }, variant: { store: store('pictures') } };
    return startApp({ imports: [IiifModule.forRoot({ source, cache })], cache: false });
  };

  const outcome = async (app: TestApp): Promise<unknown> => (await app.get(PICTURE)).headers['cache-status'];

  it.each([
    ['in answer to GET alone', ['GET']],
    ['in answer to HEAD alone', ['HEAD']],
    ['to nobody', []],
  ])('keeps what it has made while the date stands, where the length is told %s', async (_, methods) => {
    tellLength(methods, 'Sun, 01 Nov 2026 10:00:00 GMT');
    const app = await start();
    const evicted = record(app.cache, 'evicted');
    await outcome(app);
    await until(() => app.cache.stats().stored >= 2);
    expect([await outcome(app), await outcome(app)]).toEqual(Array(2).fill(expect.stringMatching(/^image-cache; hit/)));
    expect([origin.count('GET'), evicted]).toEqual([1, []]);
    tellLength(methods, 'Sun, 01 Nov 2026 10:00:01 GMT');
    expect(await outcome(app)).toContain('fwd=miss');
    expect(origin.count('GET')).toBe(2);
  });

  it('makes a picture anew when the length has changed, and the date has not', async () => {
    tellLength(['GET', 'HEAD'], 'Sun, 01 Nov 2026 10:00:00 GMT');
    const app = await start();
    await outcome(app);
    await until(() => app.cache.stats().stored >= 2);
    image = await noise(60, 50).jpeg().toBuffer();
    expect(await outcome(app)).toContain('fwd=miss');
  });
});
