import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  heapStore,
  type ImageCache,
  type ImageCacheOptions,
  type RenderedImage,
  type Variant,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { deferred, record, whilePassing, type Deferred } from '../../../support/async.js';
import { failing } from '../../../support/failing-store.js';

describe('the end of a cache', () => {
  let clock: FakeClock;
  let cache: ImageCache;

  const start = async (options: ImageCacheOptions = {}): Promise<void> => {
    cache = await createImageCache({ clock, drain: '10s', render: { timeout: '0' }, ...options });
  };

  beforeEach(() => {
    clock = new FakeClock();
  });

  const picture: RenderedImage = { body: Buffer.from('picture'), contentType: 'image/jpeg' };

  const ask = (operations: string, rendered = Promise.resolve(picture)): Promise<Variant> =>
    cache.variants.getOrRender({ identifier: 'image', operations }, () => rendered);

  /** A picture that is rendered when the test says so. */
  function asked(operations: string): Deferred<RenderedImage> & { readonly outcome: Promise<unknown> } {
    const render = deferred<RenderedImage>();
    const outcome = ask(operations, render.promise).then(
      ({ outcome: { kind } }) => kind,
      (error: unknown) => error,
    );
    return { ...render, outcome };
  }

  const refusal = expect.objectContaining({ code: 'E_IMAGE_CACHE_CLOSED', status: 503 }) as unknown;

  it('begins with a time in which pictures are still rendered, and found afterwards', async () => {
    await start();
    const before = asked('before');
    cache.drain();
    await clock.advance(5000);
    const meanwhile = asked('meanwhile');
    await clock.advance(4999);
    for (const each of [before, meanwhile]) each.resolve(picture);
    expect([await before.outcome, await meanwhile.outcome]).toEqual(['miss', 'miss']);
    await clock.advance(1);
    expect((await ask('before')).outcome.kind).toBe('hit');
    await expect(ask('after')).rejects.toEqual(refusal);
  });

  it('does not give the time twice', async () => {
    await start();
    cache.drain();
    await clock.advance(9000);
    cache.drain();
    const closed = cache.close();
    const late = asked('late');
    await clock.advance(1000);
    expect(await late.outcome).toEqual(refusal);
    await closed;
    expect(clock.scheduled).toBe(0);
  });

  it('signals those who render that nobody waits any more', async () => {
    await start();
    const signalled = deferred<unknown>();
    const refused = cache.variants.getOrRender({ identifier: 'image', operations: 'max' }, ({ signal }) => {
      signal.addEventListener('abort', () => {
        signalled.resolve(signal.reason);
      });
      return new Promise(() => undefined);
    });
    refused.catch(() => undefined);
    await clock.advance(0);
    const closed = cache.close();
    await clock.advance(10_000);
    expect(await signalled.promise).toEqual(refusal);
    await closed;
  });

  it('ends a sweep and keeps others from beginning', async () => {
    const { store, chaos } = failing(heapStore());
    await start({ variant: { store } });
    chaos().hang('entries');
    const sweeping = cache.sweep();
    await clock.advance(0);
    cache.drain();
    chaos().heal();
    expect(await sweeping).toMatchObject({ aborted: true });
    expect(await cache.sweep()).toMatchObject({ steps: [], aborted: true });
    await cache.close();
  });

  it('waits for a sweep that the application has begun', async () => {
    const { store, chaos } = failing(heapStore());
    await start({ variant: { store } });
    chaos().hang('entries');
    const sweeping = cache.evictInvalid();
    await clock.advance(0);
    const closed = cache.close();
    await clock.advance(9000);
    expect(chaos().calls('close')).toBe(0);
    chaos().heal();
    expect(await sweeping).toMatchObject({ aborted: true });
    await closed;
    expect(chaos().calls('close')).toBe(1);
  });

  it('writes and closes in peace though the server took longer than the renders had', async () => {
    const { store, chaos } = failing(heapStore());
    await start({ variant: { store } });
    const told = record(cache, 'background-failed');
    await ask('touched');
    await ask('touched');
    cache.drain();
    await clock.advance(3_600_000);
    chaos().delay('touch', 900);
    chaos().delay('close', 900);
    await whilePassing(clock, cache.close());
    expect([chaos().calls('touch'), chaos().calls('close'), told]).toEqual([1, 1, []]);
  });

  it('tells what could not be done', async () => {
    const { store, chaos } = failing(heapStore());
    await start({ variant: { store } });
    const told = record(cache, 'background-failed');
    await ask('touched');
    await ask('touched');
    chaos().fail('touch', new Error('EROFS'));
    chaos().fail('close', new Error('EIO'));
    await expect(cache.close()).rejects.toThrow('EIO');
    expect(told).toMatchObject([
      { what: 'writing access times', error: { message: expect.stringContaining('EROFS') as unknown } },
    ]);
  });
});
