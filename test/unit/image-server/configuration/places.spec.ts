import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { runServer } from '../../../support/image-server.js';
import { fromFile, messageOf } from './support.js';

const PICTURES = 'cache.FilesystemCache.pathname';
const ORIGINALS = 'cache.server.source.pathname';
const SOURCE = 'source.FilesystemSource.pathname';
const QUEUE = 'cache.server.prefetch.pathname';
const HISTORY = 'endpoint.api.history_pathname';

const REMOTE =
  'source.implementation: HttpSource\nsource.HttpSource.url_prefix: https://images.example.org/\n' +
  'cache.server.source.enabled: true\n';

const IS_FILE = / is a file, and has to be a directory\.\n$/;
const BELOW_FILE = / cannot be a directory, since \S+\/file is a file\.\n$/;

const FOR_ITSELF = 'the cache has that directory for itself.';

const HISTORY_ITSELF = 'the history has that directory for itself.';

describe('Directories', () => {
  it.each([
    [`${REMOTE}${PICTURES}: /data\n${ORIGINALS}: /data/originals`, ORIGINALS, PICTURES, FOR_ITSELF],
    [`${REMOTE}${PICTURES}: /data/pictures\n${ORIGINALS}: /data`, PICTURES, ORIGINALS, FOR_ITSELF],
    [`${REMOTE}${PICTURES}: b\n${ORIGINALS}: a/../b/`, ORIGINALS, PICTURES, FOR_ITSELF],
    [`${REMOTE}${ORIGINALS}: /data\n${QUEUE}: /data/queue`, QUEUE, ORIGINALS, FOR_ITSELF],
    [`${PICTURES}: /data\n${QUEUE}: /data/queue`, QUEUE, PICTURES, FOR_ITSELF],
    [`${PICTURES}: /data\n${HISTORY}: /data/history`, HISTORY, PICTURES, FOR_ITSELF],
    [`${PICTURES}: /data\n${SOURCE}: /data/images`, SOURCE, PICTURES, FOR_ITSELF],
    [`${PICTURES}: /data\n${SOURCE}: /data`, SOURCE, PICTURES, FOR_ITSELF],
    [`${PICTURES}: /data/cache\n${SOURCE}: /data`, PICTURES, SOURCE, 'what is cached would be taken for originals.'],
    [`${SOURCE}: /data\n${HISTORY}: /data`, HISTORY, SOURCE, 'none of the originals may be.'],
    [`${SOURCE}: /data\n${HISTORY}: /data/history`, HISTORY, SOURCE, 'none of the originals may be.'],
    [`${QUEUE}: /data\n${HISTORY}: /data/history`, HISTORY, QUEUE, 'the queue has that directory for itself.'],
    [`${SOURCE}: /data/images\n${HISTORY}: /data`, SOURCE, HISTORY, HISTORY_ITSELF],
    [`${QUEUE}: /data/queue\n${HISTORY}: /data`, QUEUE, HISTORY, HISTORY_ITSELF],
    [`${PICTURES}: /data/pictures\n${HISTORY}: /data`, PICTURES, HISTORY, HISTORY_ITSELF],
    [`${REMOTE}${ORIGINALS}: /data/originals\n${HISTORY}: /data`, ORIGINALS, HISTORY, HISTORY_ITSELF],
  ])('are not in one another: %j', async (yaml, inner, outer, reason) => {
    const message = await messageOf(fromFile(yaml));
    expect(message).toMatch(/^\S+: \S+ \(server\.yaml:\d\) is (that of|inside of) \S+ \(\S+\); .+\.$/);
    expect([message.startsWith(`${inner}: `), message.includes(` of ${outer} (`), message.endsWith(reason)]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it.each([
    `${PICTURES}: /data/pictures\n${SOURCE}: /data/images\n${QUEUE}: /data/queue\n${HISTORY}: /data/history`,
    `${PICTURES}: /data\n${SOURCE}: /data-images`,
    `${PICTURES}: /data/..cache\n${QUEUE}: /data`,
    `${ORIGINALS}: /data/originals\n${PICTURES}: /data`,
    `${REMOTE}${PICTURES}: /data\n${ORIGINALS}: /other\n${SOURCE}: /data/images`,
  ])('are beside one another: %j', async (yaml) => {
    expect(await messageOf(fromFile(yaml))).toBe('no error');
  });
});

describe('Directories on the disk', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  const at = (name: string): string => join(directory.path, name);

  it('are not in one another by a symlink', async () => {
    await mkdir(at('disk'));
    await symlink(at('disk'), at('link'));
    const yaml = `${PICTURES}: ${at('disk')}\n${QUEUE}: ${at('link/queue')}`;
    expect(await messageOf(fromFile(yaml))).toContain(`is inside of ${PICTURES}`);
  });

  it.each<[Readonly<Record<string, string>>, string, RegExp]>([
    [{ CACHE_SERVER_PREFETCH_ENABLED: 'true', CACHE_SERVER_PREFETCH_PATHNAME: 'file' }, QUEUE, IS_FILE],
    [{ CACHE_SERVER_PREFETCH_ENABLED: 'true', CACHE_SERVER_PREFETCH_PATHNAME: 'file/queue' }, QUEUE, BELOW_FILE],
    [{ CACHE_FILESYSTEMCACHE_PATHNAME: 'file' }, PICTURES, IS_FILE],
    [{ SOURCE_FILESYSTEMSOURCE_PATHNAME: 'file' }, SOURCE, IS_FILE],
    [
      { ENDPOINT_API_ENABLED: 'true', ENDPOINT_API_SECRET: 'x', ENDPOINT_API_HISTORY_PATHNAME: 'file/a/b' },
      HISTORY,
      BELOW_FILE,
    ],
  ])('are no files: %j', async (given, key, problem) => {
    await writeFile(at('file'), '');
    const paths = Object.entries(given).map(
      ([name, value]) => [name, name.endsWith('PATHNAME') ? at(value) : value] as const,
    );
    const environment = {
      CACHE_SERVER_VARIANT_ENABLED: 'true',
      CACHE_SERVER_VARIANT_IMPLEMENTATION: 'FilesystemCache',
      CACHE_FILESYSTEMCACHE_PATHNAME: at('cache'),
      CACHE_SERVER_PREFETCH_VARIANTS: '["full/10,/0/default.jpg"]',
      ...Object.fromEntries(paths),
    };
    const { code, stderr } = await runServer({ environment, args: ['config', 'check'] });
    expect([code, stderr.startsWith(`image-server: ${key}: ${directory.path}/file`)]).toEqual([1, true]);
    expect(stderr).toMatch(problem);
  });

  it('need not be there', async () => {
    const environment = {
      CACHE_SERVER_VARIANT_ENABLED: 'true',
      CACHE_SERVER_VARIANT_IMPLEMENTATION: 'FilesystemCache',
      CACHE_FILESYSTEMCACHE_PATHNAME: at('not/yet'),
    };
    expect((await runServer({ environment, args: ['config', 'check'] })).code).toBe(0);
  });
});

describe('A check', () => {
  it.each<[Readonly<Record<string, string>>, string]>([
    [{ ENDPOINT_API_USERNAME: 'a:b' }, 'endpoint.api.username: "a:b" (ENDPOINT_API_USERNAME) has a colon'],
    [{ CACHE_CLIENT_CDN_CACHE_CONTROL: 'max-aeg=1' }, 'cache.client.cdn_cache_control: there is no directive'],
  ])('refuses what the start refuses: %j', async (environment, message) => {
    for (const args of [['config', 'check'], []]) {
      const { code, stderr } = await runServer({ environment, args });
      expect([args, code, stderr]).toEqual([args, 1, expect.stringContaining(`image-server: ${message}`)]);
    }
  });
});
