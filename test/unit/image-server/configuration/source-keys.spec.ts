import { describe, expect, it } from '@jest/globals';
import { requireComplete } from '../../../../apps/image-server/src/configuration/configuration.js';
import { imageCacheOptions } from '../../../../apps/image-server/src/configuration/image-cache-options.js';
import { originalSource } from '../../../../apps/image-server/src/source/original-source.js';
import { fromFile, messageOf } from './support.js';

const REMOTE = 'source.implementation: HttpSource\nsource.HttpSource.url_prefix: https://images.example.org/\n';

describe('the keys of remote originals', () => {
  it('make a source and its cache', async () => {
    const { settings } = await fromFile(
      `${REMOTE}source.HttpSource.allow: [10.1.0.0/16]\ncache.server.source.enabled: true\n` +
        'cache.server.source.pathname: ./originals\ncache.server.source.staleness_seconds: 60\n',
    );
    expect(originalSource(settings)).toMatchObject({ name: 'HttpSource', isListable: false });
    expect((await imageCacheOptions(settings)).sources).toMatchObject({
      staleness: '60s',
      ttl: '2592000s',
      concurrency: 8,
    });
  });

  it('keep no originals unless somebody says so', async () => {
    const { settings } = await fromFile(REMOTE);
    expect((await imageCacheOptions(settings)).sources).toBe(false);
    expect(settings).toMatchObject({
      'cache.server.source.max_size': 10 * 1024 ** 3,
      'cache.server.source.staleness_seconds': 86_400,
    });
  });

  it.each([
    [
      'source.implementation: HttpSource',
      'source.HttpSource.url_prefix: is not set; HttpSource needs to know where the originals are.',
    ],
    [
      `${REMOTE}cache.server.source.enabled: true`,
      'cache.server.source.pathname: is not set; originals need a directory for themselves.',
    ],
    [
      'cache.server.source.enabled: true',
      'cache.server.source.enabled: is true (server.yaml:1), but a FilesystemSource has its originals at hand; it is for HttpSource.',
    ],
    [
      `${REMOTE}cache.server.source.enabled: true\ncache.server.source.pathname: a/../b\ncache.FilesystemCache.pathname: b`,
      'cache.server.source.pathname: a/../b (server.yaml:4) is that of cache.FilesystemCache.pathname (b); the cache has that directory for itself.',
    ],
    [
      'source.HttpSource.url_prefix: images',
      'source.HttpSource.url_prefix: "images" (server.yaml:1) is not an http or https URL without query and fragment.',
    ],
    [
      `${REMOTE}source.HttpSource.allow: ["http://example.org"]`,
      'source.HttpSource.allow: "http://example.org" is not an http or https URL that ends in a slash, such as https://images.example.org/originals/.',
    ],
    [
      'source.implementation: HttpSource\nsource.HttpSource.url_prefix: https://user:pw@images.example.org/',
      'source.HttpSource.url_prefix must not contain a user or a password.',
    ],
  ])('refuse %j', async (yaml, message) => {
    const attempt = async (): Promise<void> => {
      const configuration = await fromFile(yaml);
      requireComplete(configuration);
      originalSource(configuration.settings);
    };
    expect(await messageOf(attempt())).toBe(message);
  });
});
