import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  createPrefetcher,
  filesystemStore,
  type DefaultPrefetcher,
  type ImageCache,
  type ImageCacheOptions,
  type PrefetchOptions,
} from 'nestjs-image-cache';
import { HttpSource } from 'nestjs-iiif';
import { join } from 'node:path';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { OriginServer } from '../../../support/origin-server.js';

const BODY = Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(1000)]);

describe('a prefetcher of originals', () => {
  const opened: DefaultPrefetcher[] = [];
  let origin: OriginServer;
  let source: HttpSource;
  let directory: TestDirectory;
  let cache: ImageCache;

  beforeEach(async () => {
    origin = await OriginServer.start();
    for (const name of ['a.gif', 'b.gif']) origin.put(name, { body: BODY, etag: '"1"' });
    source = new HttpSource({ urlPrefix: origin.url, allow: ['127.0.0.1'] });
    directory = await makeDirectory();
  });

  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await cache.close();
    await source.close();
    await origin.stop();
    await directory.remove();
  });

  async function open(options: Partial<ImageCacheOptions>, prefetch: PrefetchOptions = {}): Promise<DefaultPrefetcher> {
    const store = filesystemStore({ directory: join(directory.path, 'originals') });
    cache = await createImageCache({ source, sources: { store }, ...options });
    const { sources } = cache;
    if (sources === undefined) throw new Error('There are no originals.');
    const original: PrefetchOptions['original'] = {
      has: (identifier) => sources.has(identifier),
      keep: async (identifier, how) => ((await sources.fill(identifier, how)) === 'cached' ? 'cached' : 'rendered'),
    };
    const prefetcher = await createPrefetcher({ original, ...prefetch }, { cache });
    opened.push(prefetcher);
    return prefetcher;
  }

  it('keeps them where no variants are cached, each once', async () => {
    const prefetcher = await open({ variant: false });
    await prefetcher.enqueueAll(['a.gif', 'b.gif']);
    expect(await prefetcher.run()).toMatchObject({ completed: 2, rendered: 2, cached: 0, failed: 0 });
    expect(await prefetcher.warmth('a.gif')).toMatchObject({ isWarm: true, source: true, variants: {} });
    expect(await prefetcher.enqueue({ identifier: 'a.gif' })).toMatchObject({ status: 'cached' });
    expect(origin.count('GET')).toBe(2);
  });

  it('keeps them before the variants, which find them at hand', async () => {
    const render = async ({ identifier }: { readonly identifier: string }) => {
      const original = await cache.sources?.open(identifier);
      await original?.close();
      return { body: Buffer.from('picture'), contentType: 'image/jpeg' };
    };
    const prefetcher = await open({ renderer: { render } }, { variants: ['jpg:max'] });
    await prefetcher.enqueue({ identifier: 'a.gif' });
    expect(await prefetcher.run()).toMatchObject({ completed: 1, rendered: 2, failed: 0 });
    expect(origin.count('GET')).toBe(1);
  });

  it('tries again what its source cannot tell of, and gives up what is not there', async () => {
    const prefetcher = await open({ variant: false }, { attempts: 3 });
    await prefetcher.enqueueAll(['a.gif', 'none.gif']);
    origin.behaviour = (request, response) => {
      if (request.url === '/a.gif') response.writeHead(500).end();
      else origin.usual(request, response);
    };
    expect(await prefetcher.run()).toMatchObject({ completed: 0, retried: 1, dead: 1 });
    expect(await prefetcher.find('none.gif')).toMatchObject({ state: 'dead' });
  });

  it('needs a variant cache for variants', async () => {
    await expect(open({ variant: false }, { variants: ['jpg:max'] })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_OPTIONS',
    });
    await cache.close();
    const prefetcher = await open({ variant: false });
    await expect(prefetcher.enqueue({ identifier: 'a.gif', variants: ['jpg:max'] })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_OPTIONS',
    });
    expect(prefetcher.status().queued).toBe(0);
  });
});
