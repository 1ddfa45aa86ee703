import { describe, expect, it } from '@jest/globals';
import { createImageCache, type CacheStore, type StoreFactory } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { galiaOptions } from '../../../../apps/image-server/src/configuration/foreign/galia-options.js';
import { makeDirectory } from '../../../support/directories.js';

describe('galiaOptions', () => {
  it('takes the defaults of the keys where nothing is said', async () => {
    const { options, unknown } = await galiaOptions({});
    expect(unknown).toEqual([]);
    expect(options).toMatchObject({
      resolveFirst: false,
      revalidateAfter: '0s',
      evictMissing: false,
      client: { maxAge: '2592000s', visibility: 'public', noTransform: true, noStore: false },
      heapInfo: {},
      info: false,
      variant: false,
      worker: false,
      stall: '86400s',
    });
  });

  it('maps the keys of a Galia server, with the texts of a properties file', async () => {
    const { options, unknown } = await galiaOptions({
      'cache.client.enabled': 'true',
      'cache.client.max_age': '60',
      'cache.client.shared_max_age': '',
      'cache.client.private': ' true ',
      'cache.client.must_revalidate': 'true',
      'cache.client.cdn_cache_control': 'max-age=60, Stale-While-Revalidate = 30,immutable',
      'cache.client.surrogate_keys': 'true',
      'cache.server.resolve_first': 'true',
      'cache.server.evict_missing': 'true',
      'cache.server.worker.enabled': 'true',
      'cache.server.worker.interval': '3600',
      'cache.server.worker.files_per_second': '1000',
      'cache.server.variant.enabled': 'true',
      'cache.server.variant.implementation': 'HeapCache',
      'cache.server.variant.ttl_seconds': '0',
      'cache.server.variant.stale_seconds': '60',
      'cache.server.variant.negative_ttl_seconds': '30',
      'cache.HeapCache.target_size': '1MB',
      'processor.per_client': '4',
      'endpoint.iiif.2.enabled': 'true',
    });
    expect(unknown).toEqual(['endpoint.iiif.2.enabled']);
    expect(options).toMatchObject({
      resolveFirst: true,
      evictMissing: true,
      client: {
        maxAge: '60s',
        visibility: 'private',
        mustRevalidate: true,
        tags: true,
        cdn: { maxAge: '60s', staleWhileRevalidate: '30s', immutable: true },
      },
      worker: { interval: '3600s', initialDelay: '60s', rate: { share: 0.5, files: 1000, bytes: '16MB' } },
      variant: { ttl: '0s', staleness: '0s', stale: '60s', negativeTtl: '30s', hot: 0 },
      render: { queue: 256, perClient: 4, timeout: '30s' },
    });
    expect(options.client).not.toHaveProperty('sharedMaxAge');
  });

  it.each(['max-age', 'max-age=soon', 'max-age=1, private', 's-maxage=5', 'no-store=1', 'max-age=60,'])(
    'refuses %j as what CDNs are told',
    async (directives) => {
      const refused = galiaOptions({ 'cache.client.cdn_cache_control': directives });
      await expect(refused).rejects.toThrow(/^cache\.client\.cdn_cache_control: there is no directive ".*"; there are/);
    },
  );

  it('maps the names that Cantaloupe has for the same things', async () => {
    const directory = await makeDirectory();
    const { options, unknown } = await galiaOptions({
      'cache.server.derivative.enabled': true,
      'cache.server.derivative': 'FilesystemCache',
      'cache.server.derivative.ttl_seconds': 60,
      'cache.server.purge_missing': true,
      'FilesystemCache.pathname': directory.path,
      'FilesystemCache.dir.depth': 2,
      'delegate_script.enabled': false,
    });
    expect(unknown).toEqual(['delegate_script.enabled']);
    expect(options).toMatchObject({ evictMissing: true, variant: { ttl: '60s' }, info: { ttl: '2592000s' } });
    await directory.remove();
  });

  it('makes options that an image cache takes', async () => {
    const { options } = await galiaOptions({
      'cache.server.variant.enabled': true,
      'cache.server.variant.implementation': 'HeapCache',
    });
    const cache = await createImageCache(options);
    expect(cache.client).toMatchObject({ maxAge: '2592000s' });
    await cache.close();
  });

  it('names the foreign key whose value is wrong', async () => {
    await expect(galiaOptions({ 'cache.server.derivative.ttl_seconds': 'long' })).rejects.toThrow(
      'cache.server.variant.ttl_seconds: "long" (cache.server.derivative.ttl_seconds) is not a whole number of seconds',
    );
  });

  it('refuses what lacks a directory', async () => {
    const config = { 'cache.server.derivative.enabled': 'true', 'cache.server.derivative': 'FilesystemCache' };
    await expect(galiaOptions(config)).rejects.toThrow('cache.FilesystemCache.pathname: is not set');
  });

  it('refuses a heap cache larger than the memory', async () => {
    const config = {
      'cache.server.variant.enabled': 'true',
      'cache.server.variant.implementation': 'HeapCache',
      'cache.HeapCache.target_size': '900TB',
    };
    await expect(galiaOptions(config)).rejects.toThrow(
      /^cache\.HeapCache: heapStore\.maxSize: 900TB is more than the \d+ MB/,
    );
  });
});

describe('The stores of the tiers', () => {
  const durable = {
    'cache.server.variant.enabled': true,
    'cache.server.variant.implementation': 'FilesystemCache',
    'cache.FilesystemCache.pathname': '/nowhere/cache',
  };

  it.each([
    ['a durable variant cache brings its store for infos along', durable, 'FilesystemCache', 'FilesystemCache', true],
    [
      'infos can be switched off',
      { ...durable, 'cache.server.info.enabled': false },
      undefined,
      'FilesystemCache',
      false,
    ],
    [
      'infos can have a store of their own',
      { ...durable, 'cache.server.info.implementation': 'HeapCache' },
      'HeapCache',
      'FilesystemCache',
      false,
    ],
    [
      'a heap cache keeps no infos unless somebody says so',
      { 'cache.server.variant.enabled': true, 'cache.server.variant.implementation': 'HeapCache' },
      undefined,
      'HeapCache',
      false,
    ],
    [
      'a heap cache keeps infos when somebody says so',
      {
        'cache.server.info.enabled': true,
        'cache.server.variant.enabled': true,
        'cache.server.variant.implementation': 'HeapCache',
      },
      'HeapCache',
      'HeapCache',
      true,
    ],
    [
      'infos can be kept without variants',
      { 'cache.server.info.enabled': true, 'cache.server.info.implementation': 'HeapCache' },
      'HeapCache',
      undefined,
      false,
    ],
  ])('%s', async (_, config: Record<string, unknown>, info, variant, shared) => {
    const { options } = await galiaOptions(config);
    const infoStore = options.info === false ? undefined : options.info?.store;
    const variantStore = options.variant === false ? undefined : options.variant?.store;
    expect([nameOf(infoStore), nameOf(variantStore)]).toEqual([info, variant]);
    expect(infoStore !== undefined && infoStore === variantStore).toBe(shared);
  });
});

function nameOf(factory: StoreFactory | undefined): string | undefined {
  const store: CacheStore | undefined = factory?.({
    clock: new FakeClock(),
    maxBufferedEntry: 1024,
    report: () => undefined,
  });
  return store?.name;
}
