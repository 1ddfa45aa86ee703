import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  createImageCache,
  filesystemStore,
  heapStore,
  type ImageCache,
  type ImageCacheOptions,
} from 'nestjs-image-cache';
import type { CacheStore, RenderedImage, StoreFactory, Variant } from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { openPaths } from '../support/open-descriptors.js';

const DAY = 86_400_000;
const identity = { identifier: 'image', operations: 'full', extension: 'jpg' };
const picture = (body: RenderedImage['body']): Promise<RenderedImage> =>
  Promise.resolve({ body, contentType: 'image/jpeg' });
const textOf = ({ body }: Variant): string => (Buffer.isBuffer(body) ? body.toString() : 'no Buffer');
const gone = Object.assign(new Error('gone'), { status: 404 });

let directory: string;
const open: ImageCache[] = [];

async function start(options: ImageCacheOptions): Promise<ImageCache> {
  const cache = await createImageCache(options);
  open.push(cache);
  return cache;
}

function chaotic(factory: StoreFactory): { store: StoreFactory; chaos: () => ChaosStore } {
  let made: ChaosStore | undefined;
  const store: StoreFactory = (context): CacheStore => (made = new ChaosStore(factory(context), context.clock));
  return {
    store,
    chaos: () => {
      if (made === undefined) throw new Error('no store has been made');
      return made;
    },
  };
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'render-lifecycle-'));
});

afterEach(async () => {
  for (const cache of open.splice(0)) await cache.close();
  await rm(directory, { recursive: true });
});

describe.each(['heap', 'files'])('a large picture on its way into a store in %s', (kind) => {
  const variant = () => ({ store: kind === 'heap' ? heapStore() : filesystemStore({ directory }) });

  it('reaches all who wait for it and the store, though one of them leaves', async () => {
    const cache = await start({ variant: variant() });
    const body = randomBytes(4_000_000);
    const stored = new Promise((resolve) => cache.on('stored', resolve));
    const ask = () =>
      cache.variants.getOrRender(identity, () =>
        picture(Readable.from([body.subarray(0, 2_000_000), body.subarray(2_000_000)])),
      );
    const variants = await Promise.all(Array.from({ length: 5 }, ask));
    const [first, leaving, second, leavingLater, third] = variants.map((variant) => variant.body as Readable);
    leaving?.destroy();
    leavingLater?.once('data', () => leavingLater.destroy());
    for (const reader of [first, second, third])
      expect((await buffer(reader ?? Readable.from([]))).equals(body)).toBe(true);
    await stored;
    const hit = await ask();
    expect(hit.outcome.kind).toBe('hit');
    expect((Buffer.isBuffer(hit.body) ? hit.body : await buffer(hit.body as Readable)).equals(body)).toBe(true);
  });
});

describe('a render', () => {
  it('that is under way when the cache is closed is stored', async () => {
    const cache = await createImageCache({ variant: { store: filesystemStore({ directory }) } });
    let finish: (image: RenderedImage) => void = () => undefined;
    let asked: Promise<unknown> = Promise.resolve();
    await new Promise<void>((begun) => {
      const render = (): Promise<RenderedImage> => {
        begun();
        return new Promise((resolve) => (finish = resolve));
      };
      asked = cache.variants.getOrRender(identity, render);
    });
    const closed = cache.close();
    finish({ body: Buffer.from('picture'), contentType: 'image/jpeg' });
    await asked;
    await closed;
    const again = await start({ variant: { store: filesystemStore({ directory }) } });
    const found = await again.variants.getOrRender(identity, () => Promise.reject(gone));
    expect([found.outcome.kind, textOf(found)]).toEqual(['hit', 'picture']);
  });

  it('that hangs is given up, and its place is free again', async () => {
    const clock = new FakeClock();
    const cache = await start({ clock, render: { timeout: '10s', deadline: '1m' }, heapInfo: false });
    const signals: AbortSignal[] = [];
    const hanging = cache.variants.getOrRender(identity, ({ signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    const refused = hanging.catch((error: unknown) => error);
    await clock.advance(10_000);
    expect(await refused).toMatchObject({ status: 503 });
    expect(cache.stats().rendering.running).toBe(1);
    await clock.advance(60_000);
    expect([cache.stats().rendering.running, signals[0]?.aborted]).toEqual([0, true]);
    const next = await cache.variants.getOrRender({ ...identity, operations: 'next' }, () =>
      picture(Buffer.from('next')),
    );
    expect(textOf(next)).toBe('next');
  });

  it('whose stream does not end is cut off, and leaves nothing behind', async () => {
    const cache = await start({ render: { maxSize: '3MB' } });
    // What others have there comes and goes: the file of this render is the one that this process has open.
    const temporary = join(tmpdir(), 'image-cache-');
    const written = new Set<string>();
    const endless = new Readable({
      read() {
        void openPaths().then((paths) => {
          for (const path of paths) if (path.startsWith(temporary)) written.add(dirname(path));
          this.push(Buffer.alloc(100_000));
        });
      },
    });
    const { body } = await cache.variants.getOrRender(identity, () => picture(endless));
    await expect(buffer(body as Readable)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_TOO_LARGE' });
    expect(endless.destroyed).toBe(true);
    const [place = '', ...more] = written;
    expect([more, existsSync(place)]).toEqual([[], false]);
    expect(place).not.toBe('');
  });

  it('that fails is told at once, though the store does not let go of its reservation', async () => {
    const { store, chaos } = chaotic(filesystemStore({ directory }));
    const cache = await start({ variant: { store }, info: false, drain: '1ms' });
    chaos().hang('abort');
    await expect(cache.variants.getOrRender(identity, () => Promise.reject(gone))).rejects.toBe(gone);
    chaos().heal();
  });

  it('may ask for an info while all places are taken', async () => {
    const cache = await start({});
    const info = {
      identifier: 'image',
      width: 1,
      height: 1,
      format: 'jpeg',
      componentDepth: 8,
      channels: 3,
      hasAlpha: false,
      colourSpace: 'srgb',
      icc: false,
      orientation: 1,
      pyramid: [{ width: 1, height: 1, location: { page: 0 } }],
      pages: 1,
      metadata: {},
    };
    const made = await cache.variants.getOrRender(identity, async () => {
      const { width } = await cache.infos.getOrRead('image', () => Promise.resolve(info));
      return picture(Buffer.from(`${width}`));
    });
    expect(textOf(made)).toBe('1');
  });
});

describe('an entry that nobody has asked for in time', () => {
  it('is gone for good, also from the level above', async () => {
    const clock = new FakeClock();
    const cache = await start({ clock, variant: { store: filesystemStore({ directory }), hot: '10MB', ttl: '1d' } });
    const stored = new Promise((resolve) => cache.on('stored', resolve));
    await cache.variants.getOrRender(identity, () => picture(Buffer.from('old')));
    await stored;
    await cache.close();
    await clock.advance(3 * DAY);
    const later = await start({ clock, variant: { store: filesystemStore({ directory }), hot: '10MB', ttl: '1d' } });
    const ask = () => later.variants.getOrRender(identity, () => Promise.reject(gone));
    await expect(ask()).rejects.toBe(gone);
    await expect(ask()).rejects.toBe(gone);
  });
});

describe('a sweep', () => {
  it('goes on when an entry cannot be removed, and says so', async () => {
    const clock = new FakeClock();
    const { store, chaos } = chaotic(heapStore());
    const cache = await start({ clock, variant: { store, ttl: '1d' }, info: false });
    let left = 3;
    const stored = new Promise<void>((resolve) => {
      cache.on('stored', () => {
        left -= 1;
        if (left === 0) resolve();
      });
    });
    for (const operations of ['a', 'b', 'c']) {
      await cache.variants.getOrRender({ ...identity, operations }, () => picture(Buffer.from(operations)));
    }
    await stored;
    await clock.advance(2 * DAY);
    chaos().fail('delete', new Error('no permission'), { times: 1 });
    const { steps } = await cache.evictInvalid();
    expect(steps).toMatchObject([{ step: 'expired', examined: 3, removed: 2, failed: 1 }]);
    expect(steps[0]?.failure).toContain('no permission');
  });
});
