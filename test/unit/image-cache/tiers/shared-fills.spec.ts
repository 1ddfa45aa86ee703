import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  createImageCache,
  heapStore,
  infoKey,
  type CacheStore,
  type ImageCache,
  type ImageInfo,
  type RenderedImage,
  type Variant,
  type VariantOptions,
  type VariantRequest,
} from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { NotCacheable } from '../../../../libs/image-cache/src/common/not-cacheable.js';
import { digestOf } from '../../../../libs/image-cache/src/common/streams.js';
import { deferred, record, until, whilePassing, type Deferred } from '../../../support/async.js';
import { failing } from '../../../support/failing-store.js';
import { imageInfo } from '../../../support/image-info.js';
import { MemoryLeases, withLeases } from '../../../support/leases.js';
import { LARGE } from '../../../support/pictures.js';
import { variantOf } from '../../../support/stores.js';

const HOUR = 3_600_000;

const IDENTITY = { identifier: 'image', operations: 'max', extension: 'jpg' };

const KEY = variantOf('image');

const OVERLOADED = { code: 'E_IMAGE_CACHE_OVERLOADED' };

/** A cache as one process has it. */
interface Process {
  readonly cache: ImageCache;
  readonly chaos: ChaosStore;
}

/** A picture, and a render of it that ends when it is told to. */
interface Asked {
  readonly variant: Promise<Variant>;
  readonly render: Deferred<RenderedImage>;
  /** Whether this caller's render has begun. */
  readonly hasBegun: () => boolean;
}

/** Gives bodies as streams. */
class StreamingStore extends ChaosStore {
  override async read(...given: Parameters<CacheStore['read']>): ReturnType<CacheStore['read']> {
    const entry = await super.read(...given);
    return entry === undefined || 'notModified' in entry ? entry : { ...entry, body: Readable.from([entry.body]) };
  }
}

const image = (body: Buffer | string): RenderedImage => ({ body: Buffer.from(body), contentType: 'image/jpeg' });

describe('an entry that several processes want', () => {
  let clock: FakeClock;
  let leases: MemoryLeases;
  let store: CacheStore;
  let processes: Process[];

  beforeEach(() => {
    clock = new FakeClock();
    leases = new MemoryLeases();
    const context = { clock, maxBufferedEntry: 64 * 1024, report: () => undefined };
    store = withLeases(heapStore({ maxSize: '64MB' })(context), leases);
    processes = [];
  });

  afterEach(async () => {
    for (const { cache } of processes) await whilePassing(clock, cache.close());
  });

  const start = async (times: Pick<VariantOptions, 'staleness'> = {}): Promise<Process> => {
    const { store: factory, chaos } = failing(() => store);
    const cache = await createImageCache({
      clock,
      heapInfo: false,
      info: { store: factory },
      variant: { store: factory, ttl: '0', ...times },
      render: { timeout: '10s' },
    });
    const process = { cache, chaos: chaos() };
    processes.push(process);
    return process;
  };

  const both = async (): Promise<[Process, Process]> => [await start(), await start()];

  const ask = ({ cache }: Process, request: VariantRequest = {}): Asked => {
    const render = deferred<RenderedImage>();
    let begun = false;
    const variant = cache.variants.getOrRender(
      IDENTITY,
      () => {
        begun = true;
        return render.promise;
      },
      request,
    );
    variant.catch(() => undefined);
    return { variant, render, hasBegun: () => begun };
  };

  /** Lets one process begin its render, and the other one find that it has. */
  const contend = async (one: Process, other: Process): Promise<[Asked, Asked]> => {
    const first = ask(one);
    await until(first.hasBegun);
    const second = ask(other);
    await until(() => other.cache.stats().awaited === 1);
    return [first, second];
  };

  const textOf = async ({ body }: Variant): Promise<string> =>
    body instanceof Readable ? (await buffer(body)).toString() : String(body);

  it('is rendered by one of them, for all who wait in any', async () => {
    const [one, other] = await both();
    const [first, second] = await contend(one, other);
    const more = [ask(one), ask(other), ask(other)];
    await clock.advance(1000);
    expect(other.cache.stats().rendering).toEqual({ running: 0, waiting: 0 });
    first.render.resolve(image('picture'));
    const variants = await whilePassing(clock, Promise.all([first, second, ...more].map(({ variant }) => variant)));
    expect(await Promise.all(variants.map(textOf))).toEqual(Array(5).fill('picture'));
    expect(variants.map(({ outcome }) => outcome.kind)).toEqual(['miss', ...Array<string>(4).fill('collapsed')]);
    expect([first, second, ...more].filter(({ hasBegun }) => hasBegun())).toEqual([first]);
    expect(one.cache.stats()).toMatchObject({ renders: 1, collapsed: 1, awaited: 0 });
    const tiers = { variant: { hits: 0, misses: 3 } };
    expect(other.cache.stats()).toMatchObject({ renders: 0, collapsed: 3, awaited: 1, tiers });
    await until(() => !leases.isHeld(KEY));
  });

  it('is not rendered by one that looked for it just before another one had stored it', async () => {
    const [one, other] = await both();
    const first = ask(one);
    await until(first.hasBegun);
    other.chaos.hang('lease', { times: 1 });
    const second = ask(other);
    await until(() => other.chaos.calls('lease') === 1);
    first.render.resolve(image('picture'));
    await first.variant;
    await until(() => !leases.isHeld(KEY));
    other.chaos.heal();
    expect(await textOf(await second.variant)).toBe('picture');
    expect(second.hasBegun()).toBe(false);
    await until(() => !leases.isHeld(KEY));
  });

  it('comes to those who wait as a stream each when it is large', async () => {
    store = new StreamingStore(store, clock);
    const [one, other] = await both();
    const picture = Buffer.alloc(LARGE, 'large');
    const [first, second] = await contend(one, other);
    const third = ask(other);
    first.render.resolve(image(picture));
    const variants = await whilePassing(clock, Promise.all([second, third].map(({ variant }) => variant)));
    for (const { body } of variants) {
      if (!(body instanceof Readable)) throw new Error('It is no stream.');
      expect((await buffer(body)).equals(picture)).toBe(true);
    }
  });

  it('comes without its body to those who wait and have it already', async () => {
    const [one, other] = await both();
    const first = ask(one);
    await until(first.hasBegun);
    const digest = digestOf(Buffer.from('picture'));
    const second = ask(other, { ifNoneMatch: [digest] });
    await until(() => other.cache.stats().awaited === 1);
    first.render.resolve(image('picture'));
    const { body, meta, outcome } = await whilePassing(clock, second.variant);
    expect({ body, digest: meta.digest, outcome }).toEqual({ body: undefined, digest, outcome: { kind: 'collapsed' } });
  });

  it('is waited for until it is in the store, not only rendered', async () => {
    const [one, other] = await both();
    one.chaos.hang('commit');
    const [first, second] = await contend(one, other);
    let served = false;
    second.variant.then(
      () => (served = true),
      () => undefined,
    );
    first.render.resolve(image('picture'));
    await first.variant;
    await clock.advance(5000);
    expect([served, leases.isHeld(KEY)]).toEqual([false, true]);
    one.chaos.heal();
    expect(await textOf(await whilePassing(clock, second.variant))).toBe('picture');
    expect(second.hasBegun()).toBe(false);
  });

  it('is waited for no longer than for any render, and not rendered by who has waited', async () => {
    const [one, other] = await both();
    const [first, second] = await contend(one, other);
    await clock.advance(10_000);
    await expect(second.variant).rejects.toMatchObject(OVERLOADED);
    expect(other.cache.stats()).toMatchObject({ overloaded: 1, renders: 0 });
    const calls = other.chaos.calls('lease');
    await clock.advance(60_000);
    expect(other.chaos.calls('lease')).toBe(calls);
    expect(second.hasBegun()).toBe(false);
    first.render.resolve(image('picture'));
    await expect(first.variant).rejects.toMatchObject(OVERLOADED);
    await until(() => !leases.isHeld(KEY));
    expect(await textOf(await ask(other).variant)).toBe('picture');
  });

  it('is not waited for when all who wanted it have left', async () => {
    const [one, other] = await both();
    const first = ask(one);
    await until(first.hasBegun);
    const controller = new AbortController();
    const second = ask(other, { signal: controller.signal });
    await until(() => other.cache.stats().awaited === 1);
    controller.abort();
    await expect(second.variant).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
    const calls = other.chaos.calls('lease');
    await clock.advance(1000);
    expect(other.chaos.calls('lease')).toBe(calls);
    first.render.resolve(image('picture'));
    await first.variant;
  });

  it.each<[string, Error | RenderedImage | undefined]>([
    ['could not make it', new Error('undecodable')],
    ['made what must not be stored', new NotCacheable('cookie', 'it sets a cookie', undefined)],
    ['could not store it', image('first')],
    ['has died', undefined],
  ])('is rendered by the next process when the first one %s', async (_, outcome) => {
    const [one, other] = await both();
    one.chaos.fail('commit');
    const [first, second] = await contend(one, other);
    if (outcome === undefined) leases.lose(KEY);
    else if (outcome instanceof Error) first.render.reject(outcome);
    else first.render.resolve(outcome);
    await whilePassing(clock, until(second.hasBegun));
    second.render.resolve(image('second'));
    expect(await textOf(await second.variant)).toBe('second');
    expect((await second.variant).outcome).toEqual({ kind: 'miss', reason: 'miss', stored: true });
    first.render.resolve(image('first'));
    await first.variant.catch(() => undefined);
  });

  it('fails for itself in every process when it cannot be made', async () => {
    const [one, other] = await both();
    const [first, second] = await contend(one, other);
    first.render.reject(new Error('undecodable here'));
    await expect(first.variant).rejects.toThrow('undecodable here');
    await whilePassing(clock, until(second.hasBegun));
    second.render.reject(new Error('undecodable there'));
    await expect(second.variant).rejects.toThrow('undecodable there');
    await until(() => !leases.isHeld(KEY));
  });

  it('is rendered side by side where it could not be stored before, until it can', async () => {
    const [one, other] = await both();
    for (const { chaos } of [one, other]) chaos.fail('commit');
    for (const process of [one, other]) {
      const { variant, render } = ask(process);
      render.resolve(image('picture'));
      await variant;
      await until(() => process.cache.stats().notStored['failed'] === 1 && !leases.isHeld(KEY));
    }
    const crowd = [ask(one), ask(other)];
    await until(() => crowd.every(({ hasBegun }) => hasBegun()));
    for (const { chaos } of [one, other]) chaos.heal();
    for (const { render } of crowd) render.resolve(image('picture'));
    await Promise.all(crowd.map(({ variant }) => variant));
    await until(() => [one, other].every(({ cache }) => cache.stats().stored === 1));
    await one.cache.evict('image');
    const [again, waiting] = await contend(one, other);
    again.render.resolve(image('new'));
    expect(await textOf(await whilePassing(clock, waiting.variant))).toBe('new');
  });

  it('is rendered anew when it was evicted during the first render, which nobody who waits gets', async () => {
    const [one, other] = await both();
    const [first, second] = await contend(one, other);
    await other.cache.evict('image');
    leases.lose(KEY);
    await whilePassing(clock, until(second.hasBegun));
    first.render.resolve(image('old'));
    expect(await textOf(await first.variant)).toBe('old');
    await until(() => one.cache.stats().notStored['fenced'] === 1);
    second.render.resolve(image('new'));
    expect(await textOf(await second.variant)).toBe('new');
    await until(() => other.cache.stats().stored === 1);
    expect(await textOf(await ask(one).variant)).toBe('new');
  });

  it('is stored by a process that lost its lease meanwhile', async () => {
    const [one, other] = await both();
    const first = ask(one);
    await until(first.hasBegun);
    leases.lose(KEY);
    first.render.resolve(image('picture'));
    expect((await first.variant).outcome).toMatchObject({ stored: true });
    await until(() => one.cache.stats().stored === 1);
    expect((await ask(other).variant).outcome).toMatchObject({ kind: 'hit' });
  });

  it('is not taken for new when it is the old one that is still there', async () => {
    const [one, other] = [await start({ staleness: '1h' }), await start({ staleness: '1h' })];
    const old = ask(one);
    old.render.resolve(image('old'));
    await old.variant;
    await until(() => one.cache.stats().stored === 1);
    await clock.advance(HOUR + 1);
    const [first, second] = await contend(one, other);
    await clock.advance(1000);
    first.render.resolve(image('new'));
    expect(await textOf(await whilePassing(clock, second.variant))).toBe('new');
    expect((await first.variant).outcome).toMatchObject({ kind: 'miss', reason: 'stale' });
  });

  it('is not rendered again in the process that is storing it in place of the old one', async () => {
    const one = await start({ staleness: '1h' });
    const old = ask(one);
    old.render.resolve(image('old'));
    await old.variant;
    await until(() => one.cache.stats().stored === 1);
    await clock.advance(HOUR + 1);
    one.chaos.hang('commit');
    const first = ask(one);
    first.render.resolve(image('new'));
    await first.variant;
    const second = ask(one);
    await until(() => one.cache.stats().tiers.variant.misses === 3);
    one.chaos.heal();
    // No time passes: it is known when the lease of this process ends.
    expect(await textOf(await second.variant)).toBe('new');
    expect(second.hasBegun()).toBe(false);
    expect(one.cache.stats()).toMatchObject({ renders: 2, awaited: 0 });
  });

  it('is rendered once more when what was waited for cannot be read', async () => {
    const [one, other] = await both();
    const [first, second] = await contend(one, other);
    const third = ask(other);
    other.chaos.fail('read');
    first.render.resolve(image('first'));
    await first.variant;
    await whilePassing(
      clock,
      until(() => second.hasBegun() || third.hasBegun()),
    );
    for (const { render } of [second, third]) render.resolve(image('second'));
    expect(await Promise.all([second, third].map(async ({ variant }) => textOf(await variant)))).toEqual([
      'second',
      'second',
    ]);
    expect(other.cache.stats().renders).toBe(1);
  });

  it.each(['lease', 'stat'] as const)('is rendered by each of them when the store fails to %s', async (operation) => {
    const [one, other] = await both();
    for (const { chaos } of [one, other]) chaos.fail(operation);
    const [first, second] = [ask(one), ask(other)];
    await until(first.hasBegun);
    if (operation === 'lease') await until(second.hasBegun);
    for (const { render } of [first, second]) render.resolve(image('picture'));
    for (const { variant } of [first, second]) expect(await textOf(await whilePassing(clock, variant))).toBe('picture');
  });

  it('does not wait for a store that does not answer when it is asked for the lease', async () => {
    const one = await start();
    one.chaos.hang('lease');
    const { variant, render, hasBegun } = ask(one);
    render.resolve(image('picture'));
    await clock.advance(1999);
    expect(hasBegun()).toBe(false);
    await clock.advance(1);
    expect(await textOf(await variant)).toBe('picture');
    one.chaos.heal();
    await until(() => !leases.isHeld(KEY));
  });

  it('costs one call for the lease, one to look again and one to give it back', async () => {
    const one = await start();
    const { variant, render } = ask(one);
    render.resolve(image('picture'));
    await variant;
    await until(() => one.cache.stats().stored === 1 && !leases.isHeld(KEY));
    const calls = (['read', 'lease', 'stat', 'reserve', 'commit', 'release'] as const).map((each) =>
      one.chaos.calls(each),
    );
    expect(calls).toEqual([1, 1, 1, 1, 1, 1]);
  });

  describe('such as an info', () => {
    const read = ({
      cache,
    }: Process): { info: Promise<ImageInfo>; reading: Deferred<ImageInfo>; calls: () => number } => {
      const reading = deferred<ImageInfo>();
      let count = 0;
      const info = cache.infos.getOrRead('image', () => {
        count += 1;
        return reading.promise;
      });
      info.catch(() => undefined);
      return { info, reading, calls: () => count };
    };

    it('is read by one of them', async () => {
      const [one, other] = await both();
      const first = read(one);
      await until(() => first.calls() === 1);
      const told = record(other.cache, 'awaited');
      const [second, third] = [read(other), read(other)];
      await until(() => told.length === 1);
      expect(told).toEqual([{ tier: 'info', identifier: 'image' }]);
      first.reading.resolve(imageInfo({ width: 7 }));
      for (const { info } of [first, second, third]) expect((await whilePassing(clock, info)).width).toBe(7);
      expect([second.calls(), third.calls()]).toEqual([0, 0]);
      expect(other.cache.stats().tiers.info).toEqual({ hits: 0, misses: 2 });
      await until(() => !leases.isHeld(infoKey('image')));
    });

    it('is read by the next one when the first one fails', async () => {
      const [one, other] = await both();
      const first = read(one);
      await until(() => first.calls() === 1);
      const second = read(other);
      await until(() => other.cache.stats().awaited === 1);
      first.reading.reject(new Error('unreadable'));
      await expect(first.info).rejects.toThrow('unreadable');
      second.reading.resolve(imageInfo({ width: 8 }));
      expect((await whilePassing(clock, second.info)).width).toBe(8);
    });

    it('is read when what was waited for is no info', async () => {
      const [one, other] = await both();
      const lease = await leases.hold(infoKey('image'));
      const second = read(other);
      await until(() => other.cache.stats().awaited === 1);
      const reservation = await store.reserve(infoKey('image'));
      const meta = { identifier: 'image', contentType: 'application/json', createdAt: clock.now() };
      await reservation.commit({ body: Buffer.from('{}') }, meta);
      await lease.release();
      second.reading.resolve(imageInfo({ width: 9 }));
      expect((await whilePassing(clock, second.info)).width).toBe(9);
      await until(() => other.cache.stats().stored === 1);
      expect((await read(one).info).width).toBe(9);
    });
  });

  it('is rendered where there is room, though another process has it behind its other work, with nobody waiting', async () => {
    const [one, other] = await both();
    const busy = deferred<RenderedImage>();
    const first = one.cache.variants.getOrRender({ ...IDENTITY, operations: 'busy' }, () => busy.promise);
    await until(() => one.cache.stats().rendering.running === 1);
    const behind = ask(one, { priority: 'background' });
    await until(() => one.cache.stats().rendering.waiting === 1);
    const wanted = ask(other);
    wanted.render.resolve(image('picture'));
    expect(await textOf(await wanted.variant)).toBe('picture');
    busy.resolve(image('busy'));
    await first;
    expect(await textOf(await whilePassing(clock, behind.variant))).toBe('picture');
    expect(behind.hasBegun()).toBe(false);
  });

  it('lets others be rendered while it is waited for, however few at a time', async () => {
    const [one, other] = await both();
    const [first, second] = await contend(one, other);
    for (const operations of ['a', 'b', 'c', 'd']) {
      const variant = other.cache.variants.getOrRender({ ...IDENTITY, operations }, () =>
        Promise.resolve(image(operations)),
      );
      expect(await textOf(await variant)).toBe(operations);
    }
    first.render.resolve(image('picture'));
    expect(await textOf(await whilePassing(clock, second.variant))).toBe('picture');
  });
});
