import { afterEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createImageCache, heapStore, type ImageCache, type ImageCacheOptions } from 'nestjs-image-cache';
import { growAndKeepLonger } from '../../docs/examples/live-settings.js';
import { OwnStoreModule } from '../../docs/examples/memory-map.module.js';
import { tryASweep } from '../../docs/examples/sweep-by-hand.js';
import { warmAll } from '../../docs/examples/warm-pictures.js';
import { record } from '../support/async.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const picture = { body: Buffer.from('picture'), contentType: 'image/jpeg' };
const renderer = { render: () => Promise.resolve(picture) };

describe('the examples of what is done with a cache in use', () => {
  let cache: ImageCache;

  const open = async (options: ImageCacheOptions): Promise<void> => {
    cache = await createImageCache(options);
  };

  afterEach(() => cache.close());

  it('change its options', async () => {
    await open({
      variant: { store: heapStore(), hot: '1MB' },
      info: { store: heapStore() },
      worker: { interval: '1d' },
    });
    const changes = record(cache, 'configured');
    growAndKeepLonger(cache);
    const changed = expect.arrayContaining(['hot', 'targetSize', 'ttl', 'staleness', 'worker']) as unknown;
    expect(changes).toMatchObject([{ changed, options: { 'ttl.variant': { to: 604_800_000 } } }]);
  });

  it('render beforehand', async () => {
    await open({ variant: { store: heapStore() }, renderer });
    const all = async function* () {
      for (const operations of ['small', 'large'])
        yield await Promise.resolve({ identifier: 'image', operations, extension: 'jpg' });
    };
    const { signal } = new AbortController();
    expect(await warmAll(cache, all(), signal)).toBe('2 rendered, 0 there already, 0 failed');
  });

  it('try a sweep', async () => {
    await open({ variant: { store: heapStore() } });
    const { steps } = await tryASweep(cache, new AbortController().signal);
    expect(steps.length).toBeGreaterThan(0);
  });
});

describe.each(PLATFORMS)('the module with an own store on %s', (platform) => {
  const start = usingApps(platform);

  it('keeps pictures in it', async () => {
    const { cache } = await start({ imports: [OwnStoreModule], cache: false });
    const ask = () => cache.variants.getOrRender({ identifier: 'image', operations: 'full' }, renderer.render);
    const kinds = [(await ask()).outcome.kind, (await ask()).outcome.kind];
    expect(kinds).toEqual(['miss', 'hit']);
  });
});

describe('the example of the laws', () => {
  it('tries them all with the runner of Node', async () => {
    const hooks = new URL('../support/run-typescript.mjs', import.meta.url).href;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      hooks,
      'docs/examples/lmdb-store/laws.ts',
    ]);
    expect(stdout).toMatch(/fail 0\n/);
    expect(stdout).not.toMatch(/pass 0\n/);
  });
});
