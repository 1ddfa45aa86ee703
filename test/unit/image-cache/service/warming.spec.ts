import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  heapStore,
  ImageCacheError,
  variantKey,
  type ImageCache,
  type ImageCacheOptions,
  type RenderContext,
  type RenderedImage,
  type StoreFactory,
  type VariantIdentity,
  type VariantRenderer,
} from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { deferred, record, until, type Deferred } from '../../../support/async.js';
import { FakeSource } from '../../../support/fake-source.js';

const HOUR = 3_600_000;

const identities = (...names: string[]): VariantIdentity[] =>
  names.map((identifier) => ({ identifier, operations: 'max', extension: 'jpg' }));

/** Renders when it is told to; at once, unless it is held. */
class Renderer implements VariantRenderer {
  readonly rendered: string[] = [];
  readonly contexts: RenderContext[] = [];
  readonly gates = new Map<string, Deferred<unknown>>();

  hold(...names: string[]): void {
    for (const name of names) this.gates.set(name, deferred<unknown>());
  }

  async render({ identifier }: VariantIdentity, context: RenderContext): Promise<RenderedImage> {
    this.rendered.push(identifier);
    this.contexts.push(context);
    await this.gates.get(identifier)?.promise;
    if (identifier.startsWith('bad')) throw new Error(`${identifier} cannot be decoded`);
    return { body: Buffer.from(`picture of ${identifier}`), contentType: 'image/jpeg' };
  }
}

describe('warming', () => {
  let clock: FakeClock;
  let renderer: Renderer;
  let store: ChaosStore;
  let cache: ImageCache;
  let closed: boolean;
  let pool: string | undefined;

  const create = async (options: ImageCacheOptions = {}): Promise<void> => {
    const chaos: StoreFactory = (context) => (store = new ChaosStore(heapStore()(context), clock));
    cache = await createImageCache({
      clock,
      renderer,
      variant: { store: chaos },
      render: { concurrency: 1, queue: 1 },
      ...options,
    });
  };

  const ask = async (identifier: string): Promise<string> => {
    const [identity] = identities(identifier);
    if (identity === undefined) return '';
    const { outcome } = await cache.variants.getOrRender(identity, (context) => renderer.render(identity, context));
    return outcome.kind;
  };

  beforeEach(async () => {
    clock = new FakeClock();
    renderer = new Renderer();
    closed = false;
    pool = process.env['UV_THREADPOOL_SIZE'];
    process.env['UV_THREADPOOL_SIZE'] = '16';
    await create();
  });

  afterEach(async () => {
    if (!closed) await cache.close();
    if (pool === undefined) delete process.env['UV_THREADPOOL_SIZE'];
    else process.env['UV_THREADPOOL_SIZE'] = pool;
  });

  it('renders and stores what the store has not, so that requests find it', async () => {
    await ask('b');
    expect(await cache.warm(identities('a', 'b', 'c'))).toEqual({ rendered: 2, cached: 1, failed: 0 });
    expect(renderer.rendered).toEqual(['b', 'a', 'c']);
    expect([await ask('a'), await ask('c')]).toEqual(['hit', 'hit']);
    expect(await cache.warm(identities('a', 'b', 'c'))).toEqual({ rendered: 0, cached: 3, failed: 0 });
    expect(renderer.contexts[1]?.signal.aborted).toBe(false);
  });

  it('takes a list that is still being made', async () => {
    async function* list(): AsyncGenerator<VariantIdentity> {
      for (const identity of identities('a', 'b')) yield await Promise.resolve(identity);
    }
    expect(await cache.warm(list())).toEqual({ rendered: 2, cached: 0, failed: 0 });
  });

  it.each<[string, ImageCacheOptions]>([
    ['imageCache.renderer', { variant: {} }],
    ['imageCache.variant', { renderer: new Renderer(), variant: false }],
  ])('is refused without what it needs: %s', async (path, options) => {
    await cache.close();
    cache = await createImageCache(options);
    await expect(cache.warm([])).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_OPTIONS',
      message: expect.stringMatching(`^${path}: `),
    });
  });

  it('refuses a renderer that is none', async () => {
    await expect(createImageCache({ renderer: {} as VariantRenderer })).rejects.toThrow(/^imageCache\.renderer: /);
  });

  it('goes on behind what fails, and tells and counts it', async () => {
    const told = record(cache, 'warm-failed');
    expect(await cache.warm(identities('a', 'bad b', 'c'))).toEqual({ rendered: 2, cached: 0, failed: 1 });
    expect(told).toEqual([{ identifier: 'bad b', operations: 'max', error: new Error('bad b cannot be decoded') }]);
    expect(cache.stats()).toMatchObject({ warmFailures: 1, renderFailures: 1 });
  });

  it('counts as failed what is rendered and does not get into the store', async () => {
    store.fail('commit', new Error('the disk is full'), { times: 1 });
    const told = record(cache, 'warm-failed');
    expect(await cache.warm(identities('a', 'b'))).toEqual({ rendered: 1, cached: 0, failed: 1 });
    expect(told).toMatchObject([{ identifier: 'a', error: { code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' } }]);
    expect(told[0]?.error).toMatchObject({ message: expect.stringMatching(/the disk is full$/) });
  });

  it('says of what is too large for the store that it is', async () => {
    await cache.close();
    await create({ variant: { store: heapStore({ maxSize: 10 }) } });
    const told = record(cache, 'warm-failed');
    expect(await cache.warm(identities('a'))).toEqual({ rendered: 0, cached: 0, failed: 1 });
    expect(told).toMatchObject([{ identifier: 'a', error: { code: 'E_IMAGE_CACHE_TOO_LARGE' } }]);
  });

  it('tells of no failure when it is ended in the middle of a render, with whatever reason', async () => {
    renderer.hold('a');
    const told = record(cache, 'warm-failed');
    const ending = new AbortController();
    const warming = cache.warm(identities('a', 'b'), { signal: ending.signal });
    await until(() => renderer.rendered.length === 1);
    ending.abort(new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'The prefetcher has ended.'));
    expect(await warming).toEqual({ rendered: 0, cached: 0, failed: 0 });
    expect(told).toEqual([]);
    renderer.gates.get('a')?.resolve(undefined);
  });

  it('counts an image that is gone as failed', async () => {
    await cache.close();
    const source = new FakeSource();
    source.put('a', { size: 1 });
    await create({ source, resolveFirst: true });
    expect(await cache.warm(identities('a', 'b'))).toEqual({ rendered: 1, cached: 0, failed: 1 });
    source.put('a', { size: 2 });
    expect(await cache.warm(identities('a'))).toEqual({ rendered: 1, cached: 0, failed: 0 });
  });

  it('renders anew what is too old, and lets what it finds age', async () => {
    cache.configure({ ttl: { variant: '2h' } });
    await cache.warm(identities('a'));
    await clock.advance(1.5 * HOUR);
    expect(await cache.warm(identities('a'))).toEqual({ rendered: 0, cached: 1, failed: 0 });
    await clock.advance(HOUR);
    expect(await cache.warm(identities('a'))).toEqual({ rendered: 1, cached: 0, failed: 0 });
    expect(cache.stats().tiers.variant.hits).toBe(0);
  });

  it('begins the next one when the last one has been written', async () => {
    store.hang('commit');
    const warming = cache.warm(identities('a', 'b'));
    await until(() => store.calls('commit') === 1);
    await clock.advance(0);
    expect(renderer.rendered).toEqual(['a']);
    store.heal();
    expect(await warming).toEqual({ rendered: 2, cached: 0, failed: 0 });
  });

  it('lets requests go first, and takes none of their places in the queue', async () => {
    renderer.hold('first', 'second', 'a');
    const first = ask('first');
    await until(() => renderer.rendered.length === 1);
    const warming = cache.warm(identities('a'));
    await until(() => cache.stats().rendering.waiting === 1);
    const second = ask('second');
    await until(() => cache.stats().rendering.waiting === 2);
    await expect(ask('third')).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_OVERLOADED' });
    renderer.gates.get('first')?.resolve(undefined);
    await first;
    await until(() => renderer.rendered.length === 2);
    renderer.gates.get('second')?.resolve(undefined);
    await second;
    await until(() => renderer.rendered.length === 3);
    renderer.gates.get('a')?.resolve(undefined);
    await warming;
    expect(renderer.rendered).toEqual(['first', 'second', 'a']);
  });

  it('waits for its turn as long as that takes', async () => {
    await cache.close();
    await create({ render: { concurrency: 1, queue: 1, timeout: '1s', deadline: '0' } });
    renderer.hold('first');
    const first = ask('first');
    first.catch(() => undefined);
    await until(() => renderer.rendered.length === 1);
    const warming = cache.warm(identities('a'));
    await until(() => cache.stats().rendering.waiting === 1);
    await clock.advance(HOUR);
    renderer.gates.get('first')?.resolve(undefined);
    expect(await warming).toEqual({ rendered: 1, cached: 0, failed: 0 });
    await expect(first).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_OVERLOADED' });
  });

  it('is a request’s turn as soon as somebody asks for the same', async () => {
    renderer.hold('first');
    const first = ask('first');
    await until(() => renderer.rendered.length === 1);
    const warming = cache.warm(identities('a'));
    await until(() => cache.stats().rendering.waiting === 1);
    const same = ask('a');
    await until(() => cache.stats().tiers.variant.misses === 2);
    renderer.gates.get('first')?.resolve(undefined);
    await first;
    expect(await same).toBe('collapsed');
    await warming;
    expect(renderer.rendered).toEqual(['first', 'a']);
  });

  it('ends before the next one when it is told to, and tells what it has done', async () => {
    const controller = new AbortController();
    renderer.hold('b');
    const told = record(cache, 'warm-failed');
    const warming = cache.warm(identities('a', 'b', 'c'), { signal: controller.signal });
    await until(() => renderer.rendered.length === 2);
    controller.abort();
    expect(await warming).toEqual({ rendered: 1, cached: 0, failed: 0 });
    renderer.gates.get('b')?.resolve(undefined);
    await until(
      async () =>
        (await store.stat(variantKey({ identifier: 'b', operations: 'max', extension: 'jpg' }))) !== undefined,
    );
    expect([renderer.rendered, told]).toEqual([['a', 'b'], []]);
    expect(await cache.warm(identities('d'), { signal: AbortSignal.abort() })).toEqual({
      rendered: 0,
      cached: 0,
      failed: 0,
    });
  });

  it('ends when the cache closes, which waits for the picture that is being made', async () => {
    renderer.hold('a');
    const warming = cache.warm(identities('a', 'b'));
    await until(() => renderer.rendered.length === 1);
    closed = true;
    const closing = cache.close();
    expect(await warming).toEqual({ rendered: 0, cached: 0, failed: 0 });
    renderer.gates.get('a')?.resolve(undefined);
    await closing;
    expect([renderer.rendered, store.calls('commit')]).toEqual([['a'], 1]);
  });
});
