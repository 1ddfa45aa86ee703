import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { filesystemStore, heapStore, type ImageCacheOptions, type SourceStamp, type Variant } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { deferred, next, record, until } from '../support/async.js';
import { failing } from '../support/failing-store.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { Originals, SmallImageServer } from '../support/small-image-server.js';

const STORES = ['heap', 'files', 'files behind a hot level'] as const;

/** The stamp of a file: of two versions, only what cannot be faked differs. */
function fileStamp(changes: SourceStamp = {}): SourceStamp {
  return { size: 1000, lastModified: '1700000000000000000', inode: '11', changed: '1700000000000000001', ...changes };
}

describe('sources that change', () => {
  let directory: TestDirectory;
  let originals: Originals;

  beforeEach(async () => {
    directory = await makeDirectory();
    originals = new Originals();
  });

  afterEach(() => directory.remove());

  function optionsFor(where: (typeof STORES)[number]): ImageCacheOptions {
    const store = where === 'heap' ? heapStore() : filesystemStore({ directory: directory.path });
    return { variant: { store, ...(where === 'files behind a hot level' && { hot: '16MB' }) }, info: { store } };
  }

  describe.each(STORES)('with entries in %s', (where) => {
    async function serving(options: ImageCacheOptions = {}): Promise<SmallImageServer> {
      return SmallImageServer.start(originals, { ...optionsFor(where), resolveFirst: true, ...options });
    }

    /** Serves a picture and waits until it and its info have been stored. */
    async function warm(server: SmallImageServer, identifier: string, operations?: string): Promise<void> {
      const { stored } = server.cache.stats();
      const isNew = server.cache.infos.peek(identifier) === undefined;
      await server.image(identifier, operations);
      await until(() => server.cache.stats().stored === stored + (isNew ? 2 : 1));
    }

    it.each([
      ['the inode', { inode: '12' }],
      ['the time of the last change of the inode', { changed: '1700000000000000002' }],
      ['the size', { size: 1001 }],
      ['the modification time, by a nanosecond', { lastModified: '1700000000000000001' }],
    ])('are noticed in conservative mode by %s alone', async (_what, changes) => {
      originals.put('a', 1, fileStamp());
      const server = await serving();
      await warm(server, 'a');
      expect(await server.image('a')).toMatchObject({ status: 200, version: 1 });
      originals.put('a', 2, fileStamp(changes));
      expect(await server.image('a')).toMatchObject({ status: 200, version: 2 });
      expect(await server.info('a')).toMatchObject({ status: 200, version: 2 });
      expect(server.cache.stats().evicted).toEqual({ changed: 2 });
      await server.cache.close();
    });

    it('are not stored when they change during the render, and served', async () => {
      originals.put('a', 1);
      const server = await serving();
      await server.info('a');
      const notStored = record(server.cache, 'not-stored');
      originals.whileRendering = () => {
        originals.put('a', 2);
      };
      expect(await server.image('a')).toMatchObject({ status: 200, version: 1 });
      expect(notStored).toMatchObject([{ tier: 'variant', reason: 'source-changed' }]);
      originals.whileRendering = undefined;
      expect(await server.image('a')).toMatchObject({
        status: 200,
        version: 2,
        variant: { outcome: { kind: 'miss' } },
      });
      await server.cache.close();
    });

    it('are read again when they change while their info is read', async () => {
      originals.put('a', 1);
      const server = await serving();
      let version = 1;
      originals.whileReading = () => {
        if (version < 3) originals.put('a', (version += 1));
      };
      expect(await server.info('a')).toMatchObject({ status: 200, version: 3 });
      expect(originals.reads).toBe(3);
      expect(await server.info('a')).toMatchObject({ status: 200, version: 3 });
      expect(originals.reads).toBe(3);
      await server.cache.close();
    });

    it('are evicted once by all who notice it at the same time, and nobody evicts what is new', async () => {
      originals.put('a', 1);
      const server = await serving();
      const operations = Array.from({ length: 20 }, (_, index) => `${index},`);
      for (const each of operations) await warm(server, 'a', each);
      originals.put('a', 2);
      originals.resetCounts();
      const evicted = record(server.cache, 'evicted');
      const before = server.cache.stats().stored;
      const served = await Promise.all([...operations, ...operations].map((each) => server.image('a', each)));
      expect(served.every(({ status, version }) => status === 200 && version === 2)).toBe(true);
      expect(evicted.map(({ reason, counts }) => [reason, counts.variants])).toEqual([['changed', 20]]);
      expect([originals.reads, originals.renders]).toEqual([1, 20]);
      await until(() => server.cache.stats().stored === before + 21);
      const again = await Promise.all(operations.map((each) => server.image('a', each)));
      expect(again.map(({ variant }) => variant?.outcome.kind)).toEqual(operations.map(() => 'hit'));
      await server.cache.close();
    });

    it('are not mixed up by somebody who has seen the former state and comes late', async () => {
      originals.put('a', 1);
      const server = await serving();
      await warm(server, 'a');
      const gate = deferred();
      originals.source.gate = gate.promise;
      const late = server.image('a');
      await until(() => originals.source.lookups > 0);
      originals.source.gate = undefined;
      originals.put('a', 2);
      await server.cache.changed('a');
      await warm(server, 'a', 'square');
      gate.resolve();
      expect((await late).status).toBe(200);
      expect(await server.image('a', 'square')).toMatchObject({ version: 2 });
      expect(await server.image('a')).toMatchObject({ version: 2 });
      await server.cache.close();
    });

    it('that are gone evict what is cached of them with evictMissing, and only then', async () => {
      for (const evictMissing of [false, true]) {
        originals.put('a', 1);
        const server = await serving({ evictMissing });
        await server.cache.purge();
        await warm(server, 'a');
        originals.remove('a');
        expect(await server.image('a')).toEqual({ status: 404 });
        expect(await server.info('a')).toEqual({ status: 404 });
        originals.put('a', 1);
        const { variant } = await server.image('a');
        expect([evictMissing, variant?.outcome.kind]).toEqual([evictMissing, evictMissing ? 'miss' : 'hit']);
        expect(server.cache.stats().evicted['missing']).toBe(evictMissing ? 2 : undefined);
        await server.cache.close();
      }
    });

    it('that are unavailable evict nothing, with evictMissing neither', async () => {
      originals.put('a', 1);
      const server = await serving({ evictMissing: true });
      await warm(server, 'a');
      originals.source.unavailable = true;
      expect(await server.image('a')).toEqual({ status: 503 });
      const { steps } = await server.cache.evictInvalid();
      expect(steps.find(({ step }) => step === 'invalid')?.stopped).toBe('the source is not available');
      originals.source.unavailable = false;
      originals.resetCounts();
      expect(await server.image('a')).toMatchObject({ status: 200, variant: { outcome: { kind: 'hit' } } });
      expect([originals.reads, originals.renders]).toEqual([0, 0]);
      await server.cache.close();
    });

    it('are not asked on a hit in aggressive mode, and stay as they were until they are evicted', async () => {
      originals.put('a', 1);
      const server = await serving({ resolveFirst: false });
      await warm(server, 'a');
      originals.put('a', 2);
      originals.resetCounts();
      for (let turn = 0; turn < 10; turn += 1) {
        expect(await server.image('a')).toMatchObject({ status: 200, version: 1 });
        expect(await server.info('a')).toMatchObject({ status: 200, version: 1 });
      }
      expect([originals.source.lookups, originals.reads, originals.renders]).toEqual([0, 0, 0]);
      expect(await server.cache.evict('a')).toMatchObject({ infos: 1, variants: 1 });
      expect(await server.image('a')).toMatchObject({ status: 200, version: 2 });
      await server.cache.close();
    });
  });

  describe('noticed by one whose eviction comes late', () => {
    const { store, chaos } = failing(heapStore());

    /** One notices the change and is held up before its eviction; another one has stored its entries before that. */
    async function race(
      server: SmallImageServer,
      entries: number,
      ask: (operations: string) => Promise<unknown>,
    ): Promise<void> {
      originals.put('a', 2);
      chaos().resetCalls();
      chaos().hang('deleteGroup', { times: 1 });
      const late = ask('late');
      await until(() => chaos().calls('deleteGroup') === 1);
      const { stored } = server.cache.stats();
      await ask('early');
      await until(() => server.cache.stats().stored === stored + entries);
      chaos().heal();
      await late;
    }

    it('keep the render that is new, when a variant tells of it', async () => {
      originals.put('a', 1);
      const server = await SmallImageServer.start(originals, { variant: { store }, info: false, resolveFirst: true });
      const ask = (operations: string): Promise<Variant> =>
        server.cache.variants.getOrRender({ identifier: 'a', operations }, async () => ({
          body: await originals.render('a', operations),
          contentType: 'image/x-text',
        }));
      await ask('late');
      await ask('early');
      await race(server, 1, ask);
      expect((await ask('early')).outcome.kind).toBe('hit');
      await server.cache.close();
    });

    it('keep the info that is new, when an info tells of it', async () => {
      originals.put('a', 1);
      const options = { variant: { store }, info: { store }, heapInfo: false, resolveFirst: true } as const;
      const server = await SmallImageServer.start(originals, options);
      await server.info('a');
      await race(server, 1, () => server.info('a'));
      originals.resetCounts();
      expect(await server.info('a')).toMatchObject({ version: 2 });
      expect(originals.reads).toBe(0);
      await server.cache.close();
    });

    it('keep the render that is new, when the render itself finds out', async () => {
      originals.put('a', 1);
      process.env['UV_THREADPOOL_SIZE'] = '8';
      const server = await SmallImageServer.start(originals, { variant: { store }, render: { concurrency: 2 } });
      await server.info('a');
      await race(server, 1, (operations) => server.image('a', operations));
      expect((await server.image('a', 'early')).variant?.outcome.kind).toBe('hit');
      await server.cache.close();
    });
  });

  it('are looked up once for all who ask at the same time', async () => {
    originals.put('a', 1);
    const server = await SmallImageServer.start(originals, { ...optionsFor('heap'), resolveFirst: true });
    await server.image('a');
    originals.resetCounts();
    const gate = deferred();
    originals.source.gate = gate.promise;
    const all = Array.from({ length: 100 }, () => server.image('a'));
    await until(() => originals.source.lookups > 0);
    gate.resolve();
    const served = await Promise.all(all);
    expect(served.every(({ variant }) => variant?.outcome.kind === 'hit')).toBe(true);
    expect(originals.source.lookups).toBe(1);
  });

  it('are looked up no more often than revalidateAfter says', async () => {
    const clock = new FakeClock();
    originals.put('a', 1);
    const server = await SmallImageServer.start(originals, {
      ...optionsFor('heap'),
      clock,
      resolveFirst: true,
      revalidateAfter: '10s',
    });
    await server.image('a');
    originals.resetCounts();
    await clock.advance(9999);
    for (let turn = 0; turn < 5; turn += 1) await server.image('a');
    expect(originals.source.lookups).toBe(0);
    originals.put('a', 2);
    expect(await server.image('a')).toMatchObject({ version: 1 });
    await clock.advance(1);
    expect(await server.image('a')).toMatchObject({ version: 2 });
    originals.put('a', 3);
    await server.cache.changed('a');
    expect(await server.image('a')).toMatchObject({ version: 3 });
  });

  it('that do not answer count as unavailable after the time that a request waits', async () => {
    const clock = new FakeClock();
    originals.put('a', 1);
    const server = await SmallImageServer.start(originals, {
      ...optionsFor('heap'),
      clock,
      resolveFirst: true,
      render: { timeout: '30s' },
    });
    const failed = next(server.cache, 'source-unavailable');
    originals.source.gate = deferred().promise;
    const answer = server.image('a');
    await until(() => originals.source.lookups === 1);
    await clock.advance(30_000);
    expect(await answer).toEqual({ status: 503 });
    expect(await failed).toMatchObject({ identifier: 'a' });
    expect(server.cache.stats().sourceFailures).toEqual({ timeout: 1, unreachable: 0, refused: 0 });
  });
});
