import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { filesystemStore, heapStore, type ImageCacheOptions, type VariantOptions } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { asTimePasses, until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { Originals, SmallImageServer } from '../support/small-image-server.js';

const STORES = ['heap', 'files', 'files behind a hot level'] as const;

describe.each(STORES)('entries that have expired, in %s', (where) => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  function optionsFor(variant: Pick<VariantOptions, 'ttl' | 'staleness'>): ImageCacheOptions {
    const store = where === 'heap' ? heapStore() : filesystemStore({ directory: directory.path });
    return { variant: { store, ...variant, ...(where === 'files behind a hot level' && { hot: '16MB' }) } };
  }

  it.each([
    ['by not being asked for', { ttl: '1h' }],
    ['by their age', { ttl: '0', staleness: '1h' }],
  ])('%s are rendered once for all who ask at the same time, and hits after that', async (_how, times) => {
    const clock = new FakeClock();
    const originals = new Originals();
    originals.put('a', 1);
    const server = await SmallImageServer.start(originals, { ...optionsFor(times), clock });
    const operations = ['max', 'square'];
    for (const each of operations) await server.image('a', each);
    // Files keep the info too.
    await until(() => server.cache.stats().stored === operations.length + (where === 'heap' ? 0 : 1));
    await clock.advance(3_600_001);
    originals.put('a', 2, { etag: 'version 1' });
    originals.resetCounts();
    const { stored } = server.cache.stats();
    const all = Promise.all(
      Array.from({ length: 60 }, (_, index) => server.image('a', operations[index % operations.length])),
    );
    // Who comes while a picture is being stored waits for its lease, and looks again.
    const served = await asTimePasses(clock, all);
    expect(served.every(({ status, version }) => status === 200 && version === 2)).toBe(true);
    expect(originals.renders).toBe(operations.length);
    await until(() => server.cache.stats().stored === stored + operations.length);
    for (const each of operations)
      expect((await server.image('a', each)).variant?.outcome).toMatchObject({ kind: 'hit' });
    expect(server.cache.stats().notStored).toEqual({});
    await server.cache.close();
  });

  if (where !== 'heap')
    it('stay expired when they have been looked at, after a restart too', async () => {
      const clock = new FakeClock();
      const originals = new Originals();
      originals.put('a', 1);
      const options = { ...optionsFor({ ttl: '1h' }), clock };
      const before = await SmallImageServer.start(originals, options);
      await before.image('a');
      await before.cache.close();
      const server = await SmallImageServer.start(originals, options);
      await clock.advance(3_600_001);
      originals.whileRendering = () => {
        throw new Error('the disk is on fire');
      };
      expect(await server.image('a')).toEqual({ status: 500 });
      expect(await server.image('a')).toEqual({ status: 500 });
      await server.cache.close();
    });
});
