import { beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import type { CacheStore, Lease, Reservation } from 'nestjs-image-cache';
import { ResilientStore, type ResilientStoreOptions } from '../../../../libs/image-cache/src/stores/resilient-store.js';
import { ChaosStore, FakeClock, type ChaosOperation } from 'nestjs-image-cache/testing';
import { MemoryLeases, withLeases } from '../../../support/leases.js';
import { makeHeap, put, readText, variantOf } from '../../../support/stores.js';

const KEY = variantOf('image');

const UNAVAILABLE = { code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' };

describe('ResilientStore', () => {
  let clock: FakeClock;
  let chaos: ChaosStore;
  let changes: string[];

  const make = (options: Partial<ResilientStoreOptions> = {}, inner: CacheStore = chaos): ResilientStore =>
    new ResilientStore(inner, {
      clock,
      timeout: 100,
      writeTimeout: 1000,
      onError: 'bypass',
      failures: 3,
      cooldown: 5000,
      onChange: (path, open) => changes.push(`${path} ${open ? 'given up' : 'taken up'}`),
      ...options,
    });

  beforeEach(() => {
    clock = new FakeClock();
    chaos = new ChaosStore(makeHeap(clock), clock);
    changes = [];
  });

  it('makes a read that fails a miss', async () => {
    const store = make();
    await put(store, KEY, 'body');
    for (const operation of ['read', 'stat', 'generation'] as const) chaos.fail(operation);
    expect(await store.read(KEY)).toBeUndefined();
    expect(await store.stat(KEY)).toBeUndefined();
    expect(await store.generation(KEY.group)).toMatch(/^unavailable/);
  });

  it.each<[string, (store: CacheStore) => Promise<unknown>]>([
    ['the entry', (store) => store.delete(KEY)],
    ['the image', (store) => store.deleteGroup(KEY.group)],
    ['everything', (store) => store.clear()],
  ])('begins a generation when %s is evicted, though the store cannot tell any', async (_, evict) => {
    const store = make({ failures: 10 });
    chaos.fail('generation');
    const before = await store.generation(KEY.group);
    expect(await store.generation(KEY.group)).toBe(before);
    await evict(store);
    expect(await store.generation(KEY.group)).not.toBe(before);
  });

  it('makes a read that fails an error when it is told to', async () => {
    const store = make({ onError: 'throw' });
    const cause = new Error('EIO');
    for (const operation of ['read', 'stat', 'generation'] as const) chaos.fail(operation, cause);
    await expect(store.read(KEY)).rejects.toMatchObject({ ...UNAVAILABLE, status: 503, cause });
    await expect(store.stat(KEY)).rejects.toMatchObject(UNAVAILABLE);
    await expect(store.generation(KEY.group)).rejects.toMatchObject(UNAVAILABLE);
  });

  it.each<[ChaosOperation, number, (store: CacheStore) => Promise<unknown>]>([
    ['read', 100, (store) => store.read(KEY)],
    ['reserve', 100, (store) => store.reserve(KEY)],
    ['commit', 1000, (store) => put(store, KEY, 'body')],
    ['touch', 1000, (store) => store.touch([])],
    ['delete', 1000, (store) => store.delete(KEY)],
    ['deleteGroup', 1000, (store) => store.deleteGroup(KEY.group)],
    ['clear', 1000, (store) => store.clear()],
    ['ping', 1000, (store) => store.ping?.() ?? Promise.resolve()],
  ])('waits for %s no longer than %d ms', async (operation, limit, call) => {
    chaos.hang(operation);
    let settled = false;
    const outcome = call(make({ onError: 'throw' })).finally(() => (settled = true));
    outcome.catch(() => undefined);
    await clock.advance(limit - 1);
    expect(settled).toBe(false);
    await clock.advance(1);
    await expect(outcome).rejects.toMatchObject(UNAVAILABLE);
  });

  it.each<[ChaosOperation, (store: CacheStore) => Promise<unknown>]>([
    ['usage', (store) => store.usage()],
    ['maintain', (store) => store.maintain?.('trash', { stall: 0 }) ?? Promise.resolve()],
    ['open', (store) => store.open?.() ?? Promise.resolve()],
    ['close', (store) => store.close?.() ?? Promise.resolve()],
  ])('lets %s take its time', async (operation, call) => {
    chaos.delay(operation, 1_000_000);
    const outcome = call(make());
    await clock.advance(1_000_000);
    await expect(outcome).resolves.not.toThrow();
  });

  it('leaves reads out after some failures in a row, and tries one of them after a while', async () => {
    const store = make();
    await put(store, KEY, 'body');
    chaos.fail('read');
    for (let turn = 0; turn < 5; turn += 1) expect(await store.read(KEY)).toBeUndefined();
    expect(chaos.calls('read')).toBe(3);
    expect(changes).toEqual(['reads given up']);
    await clock.advance(5000);
    await Promise.all([store.read(KEY), store.read(KEY)]);
    expect(chaos.calls('read')).toBe(4);
    chaos.heal();
    await clock.advance(4999);
    expect(await store.read(KEY)).toBeUndefined();
    await clock.advance(1);
    expect(await readText(store, KEY)).toBe('body');
    expect(changes).toEqual(['reads given up', 'reads taken up']);
  });

  it('counts failures in a row only', async () => {
    const store = make();
    for (let turn = 0; turn < 4; turn += 1) {
      chaos.fail('read', new Error('x'), { times: 2 });
      for (let call = 0; call < 3; call += 1) await store.read(KEY);
    }
    expect(changes).toEqual([]);
  });

  it('reads on when writes fail, and the other way round', async () => {
    const store = make({ failures: 1 });
    await put(store, KEY, 'body');
    chaos.fail('commit');
    await expect(put(store, KEY, 'new')).rejects.toMatchObject(UNAVAILABLE);
    await expect(store.reserve(KEY)).rejects.toMatchObject(UNAVAILABLE);
    expect(changes).toEqual(['writes given up']);
    expect(await readText(store, KEY)).toBe('body');
    chaos.heal();
    await clock.advance(5000);
    chaos.fail('read');
    await store.read(KEY);
    expect(await put(store, KEY, 'new')).not.toBe('fenced');
  });

  it('always tries an eviction, and fails loudly when it fails', async () => {
    const store = make({ failures: 1 });
    chaos.fail('read');
    chaos.fail('reserve');
    await store.read(KEY);
    await store.reserve(KEY).catch(() => undefined);
    for (const operation of ['delete', 'deleteGroup', 'clear'] as const) chaos.fail(operation);
    for (let turn = 0; turn < 3; turn += 1) {
      await expect(store.delete(KEY)).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.deleteGroup(KEY.group)).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.clear()).rejects.toMatchObject(UNAVAILABLE);
    }
    expect(chaos.calls('clear')).toBe(3);
  });

  it('does not hold the request against the store: too large, wrong length, not offered', async () => {
    const store = make({ failures: 1 });
    await expect(put(store, KEY, Buffer.alloc(65 * 1024 * 1024))).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_TOO_LARGE',
    });
    const reservation = await store.reserve(KEY);
    const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0, announcedLength: 3 };
    await expect(reservation.commit({ body: Buffer.from('body') }, meta)).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_LENGTH_MISMATCH',
    });
    await expect((await store.reserve(KEY)).commit({ file: true }, meta)).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_UNSUPPORTED',
    });
    expect(changes).toEqual([]);
  });

  it('does not hold a body that breaks against the store, and passes its error on', async () => {
    const store = make({ failures: 1 });
    const error = new Error('the handler broke off');
    const breaking = Readable.from(
      (function* (): Generator<Buffer> {
        yield Buffer.from('start');
        throw error;
      })(),
    );
    await expect(put(store, KEY, breaking)).rejects.toBe(error);
    expect(changes).toEqual([]);
    expect(breaking.destroyed).toBe(true);
  });

  it('does not hold a caller that gives up against the store', async () => {
    const store = make({ failures: 1, onError: 'throw' });
    const reason = new Error('gone');
    for (const operation of ['read', 'reserve'] as const) {
      chaos.fail(operation, reason);
      await expect(store[operation](KEY, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    }
    expect(changes).toEqual([]);
    await expect(store.read(KEY)).rejects.toMatchObject(UNAVAILABLE);
    expect(changes).toEqual(['reads given up']);
  });

  it('closes the body of an entry that comes too late', async () => {
    const body = Readable.from(['body']);
    const late = { meta: { size: 4 }, lastAccess: 0, body };
    const slow = {
      name: 'slow',
      features: {},
      read: () =>
        new Promise((resolve) =>
          clock.schedule(200, () => {
            resolve(late);
          }),
        ),
    };
    const store = make({}, slow as unknown as CacheStore);
    const answer = store.read(KEY);
    await clock.advance(100);
    expect(await answer).toBeUndefined();
    expect(body.destroyed).toBe(false);
    await clock.advance(100);
    expect(body.destroyed).toBe(true);
  });

  it('gives a reservation back that comes too late', async () => {
    let aborted = false;
    const late = { generation: '1', commit: () => undefined, abort: () => Promise.resolve((aborted = true)) };
    const reserve = (): Promise<unknown> =>
      new Promise((resolve) =>
        clock.schedule(200, () => {
          resolve(late);
        }),
      );
    const store = make({}, { name: 'slow', features: {}, reserve } as unknown as CacheStore);
    const answer: Promise<Reservation> = store.reserve(KEY);
    answer.catch(() => undefined);
    await clock.advance(200);
    await expect(answer).rejects.toMatchObject(UNAVAILABLE);
    expect(aborted).toBe(true);
  });

  describe('with leases', () => {
    let leases: MemoryLeases;

    beforeEach(() => {
      leases = new MemoryLeases();
      chaos = new ChaosStore(withLeases(makeHeap(clock), leases), clock);
    });

    const take = async (store: CacheStore): Promise<Lease> => {
      const lease = await store.leases?.take(KEY);
      if (lease === undefined) throw new Error('The lease was refused.');
      return lease;
    };

    it('passes on what they say, and does not have them where the store has none', async () => {
      const store = make();
      const lease = await take(store);
      expect(await store.leases?.take(KEY)).toBeUndefined();
      leases.lose(KEY);
      expect(lease.signal.aborted).toBe(true);
      await (await take(store)).release();
      expect(leases.isHeld(KEY)).toBe(false);
      expect(make({}, makeHeap(clock)).leases).toBeUndefined();
    });

    it.each(['bypass', 'throw'] as const)(
      'gives a lease that is none when the store can give none, and tries again after a while (%s)',
      async (onError) => {
        const store = make({ onError });
        chaos.fail('lease');
        for (let turn = 0; turn < 5; turn += 1) await (await take(store)).release();
        expect(chaos.calls('lease')).toBe(3);
        expect(changes).toEqual(['leases given up']);
        chaos.heal();
        await clock.advance(5000);
        await take(store);
        expect(leases.isHeld(KEY)).toBe(true);
        expect(changes).toEqual(['leases given up', 'leases taken up']);
      },
    );

    it('gives up neither reads nor writes because of them', async () => {
      const store = make({ failures: 1 });
      chaos.fail('lease');
      await take(store);
      expect(await put(store, KEY, 'body')).not.toBe('fenced');
      expect(await readText(store, KEY)).toBe('body');
      expect(changes).toEqual(['leases given up']);
    });

    it('waits for a lease no longer than for a read, and gives back what comes too late', async () => {
      const store = make();
      chaos.hang('lease');
      let taken = false;
      const lease = take(store).finally(() => (taken = true));
      await clock.advance(99);
      expect(taken).toBe(false);
      await clock.advance(1);
      await (await lease).release();
      expect(leases.isHeld(KEY)).toBe(false);
      chaos.heal();
      await clock.advance(0);
      expect(chaos.calls('lease')).toBe(1);
      expect(leases.isHeld(KEY)).toBe(false);
      await take(store);
      expect(leases.isHeld(KEY)).toBe(true);
    });

    it('waits no longer than for a write until a lease has been given back', async () => {
      const lease = await take(make());
      chaos.hang('release');
      const released = lease.release();
      released.catch(() => undefined);
      await clock.advance(1000);
      await expect(released).rejects.toMatchObject(UNAVAILABLE);
    });
  });
});
