import { describe, expect, it } from '@jest/globals';
import { readConfiguration, requireComplete } from '../../../../apps/image-server/src/configuration/configuration.js';
import { variableOf } from '../../../../apps/image-server/src/configuration/key-definition.js';
import { KNOWN_KEYS } from '../../../../apps/image-server/src/configuration/known-keys.js';
import { fromFile, messageOf } from './support.js';

describe('The table of keys', () => {
  it('gives every key a name and a variable of its own', () => {
    expect(new Set(KNOWN_KEYS.map(({ key }) => key)).size).toBe(KNOWN_KEYS.length);
    expect(new Set(KNOWN_KEYS.map(variableOf)).size).toBe(KNOWN_KEYS.length);
  });

  it('has defaults that its own rules allow', () => {
    const written = KNOWN_KEYS.flatMap((definition) => {
      const fallback = definition.fallback as string | number | boolean | undefined;
      return fallback === undefined ? [] : [[variableOf(definition), String(fallback)]];
    });
    const environment = Object.fromEntries(written) as Record<string, string>;
    expect(readConfiguration({ environment }).settings).toEqual(readConfiguration({ environment: {} }).settings);
  });
});

describe('A configuration file', () => {
  it('may write keys with dots, as maps in maps, and both at a time', async () => {
    const { settings } = await fromFile(`
cache.server.resolve_first: true
cache:
  server:
    variant.ttl_seconds: 60
    worker:
      interval: 3600
  client: { max_age: 10 }
`);
    expect(settings).toMatchObject({
      'cache.server.resolve_first': true,
      'cache.server.variant.ttl_seconds': 60,
      'cache.server.worker.interval': 3600,
      'cache.client.max_age': 10,
    });
  });

  it('does not set a key that it leaves empty', async () => {
    const { values } = await fromFile('cache.client.max_age:\ncache.client.shared_max_age: ~\n');
    expect(values.filter(({ origin }) => origin !== undefined)).toEqual([]);
  });

  it('may be empty', async () => {
    expect((await fromFile('# nothing\n')).settings.port).toBe(8182);
  });

  it.each([
    [
      'cache.sever.resolve_first: true',
      'cache.sever.resolve_first (server.yaml:1): there is no such key. Did you mean cache.server.resolve_first?',
    ],
    [
      'cache:\n  server:\n    varient:\n      enabled: true',
      'cache.server.varient.enabled (server.yaml:4): there is no such key. Did you mean cache.server.variant.enabled?',
    ],
    [
      'FilesystemCache.pathname: /x',
      'FilesystemCache.pathname (server.yaml:1): there is no such key. Did you mean cache.FilesystemCache.pathname?',
    ],
    ['something.else.entirely: 1', 'something.else.entirely (server.yaml:1): there is no such key.'],
    ['cache: true', 'cache (server.yaml:1): there is no such key.'],
    ['port: 1\n\nport: 2', 'server.yaml: Map keys must be unique at line 3, column 1.'],
    [
      'cache.client.max_age: 1\ncache:\n  client:\n    max_age: 2',
      'cache.client.max_age: is set twice (server.yaml:1 and server.yaml:4).',
    ],
    ['- a\n- b', 'server.yaml:1: the configuration is not a map of keys and values.'],
    ['just a text', 'server.yaml:1: the configuration is not a map of keys and values.'],
    ['a: &x 1\nport: *x', 'server.yaml:2: references to other values are not understood.'],
    ['host: "unfinished', 'server.yaml: Missing closing "quote at line 1, column 18.'],
  ])('is refused when it says %j', async (yaml, message) => {
    expect(await messageOf(fromFile(yaml))).toBe(message);
  });

  it('is refused when it is not there', () => {
    expect(() => readConfiguration({ file: '/nowhere/server.yaml', environment: {} })).toThrow(
      /^\/nowhere\/server\.yaml: the configuration cannot be read: ENOENT/,
    );
  });
});

describe('The environment', () => {
  it('goes before the file', async () => {
    const { values } = await fromFile('port: 4000', { PORT: '5000' });
    expect(values.find(({ definition }) => definition.key === 'port')).toMatchObject({ value: 5000, origin: 'PORT' });
  });

  it('is read by known names only, and an empty variable is not set', () => {
    const environment = { PORT: '', CACHE_SERVER_RESOLVE_FIRST: 'true', CACHE_SERVER_RESOLV_FIRST: 'x', PATH: '/bin' };
    const { values, settings } = readConfiguration({ environment });
    expect(values.flatMap(({ origin }) => origin ?? [])).toEqual(['CACHE_SERVER_RESOLVE_FIRST']);
    expect(settings['cache.server.resolve_first']).toBe(true);
  });

  it('takes false for false', () => {
    const { settings } = readConfiguration({ environment: { CACHE_CLIENT_ENABLED: 'false' } });
    expect(settings['cache.client.enabled']).toBe(false);
  });
});

describe('A value', () => {
  it.each([
    ['CACHE_CLIENT_ENABLED', 'yes', 'cache.client.enabled: "yes" (CACHE_CLIENT_ENABLED) is not true or false.'],
    [
      'CACHE_CLIENT_MAX_AGE',
      '-1',
      'cache.client.max_age: "-1" (CACHE_CLIENT_MAX_AGE) is not a whole number of seconds from 0 to 3153600000.',
    ],
    [
      'CACHE_CLIENT_MAX_AGE',
      '1.5',
      'cache.client.max_age: "1.5" (CACHE_CLIENT_MAX_AGE) is not a whole number of seconds from 0 to 3153600000.',
    ],
    [
      'CACHE_SERVER_WORKER_INTERVAL',
      '-1',
      'cache.server.worker.interval: "-1" (CACHE_SERVER_WORKER_INTERVAL) is not a whole number of seconds from 1 to 3153600000.',
    ],
    [
      'CACHE_SERVER_WORKER_INTERVAL',
      '0',
      'cache.server.worker.interval: "0" (CACHE_SERVER_WORKER_INTERVAL) is not a whole number of seconds from 1 to 3153600000.',
    ],
    [
      'CACHE_SERVER_WORKER_INITIAL_DELAY',
      '1h',
      'cache.server.worker.initial_delay: "1h" (CACHE_SERVER_WORKER_INITIAL_DELAY) is not a whole number of seconds from 0 to 3153600000.',
    ],
    [
      'CACHE_SERVER_VARIANT_IMPLEMENTATION',
      'RedisCache',
      'cache.server.variant.implementation: "RedisCache" (CACHE_SERVER_VARIANT_IMPLEMENTATION) is not one of FilesystemCache, HeapCache, nor the name of a package or a path such as ./store.mjs.',
    ],
    [
      'CACHE_HEAPCACHE_TARGET_SIZE',
      '12 apples',
      `cache.HeapCache.target_size: "12 apples" (CACHE_HEAPCACHE_TARGET_SIZE) is not a number of bytes or a size such as '128MB' or '10GB'.`,
    ],
    [
      'CACHE_FILESYSTEMCACHE_DIR_DEPTH',
      '33',
      'cache.FilesystemCache.dir.depth: "33" (CACHE_FILESYSTEMCACHE_DIR_DEPTH) is not a whole number from 0 to 8.',
    ],
    [
      'CACHE_FILESYSTEMCACHE_DIR_NAME_LENGTH',
      '0',
      'cache.FilesystemCache.dir.name_length: "0" (CACHE_FILESYSTEMCACHE_DIR_NAME_LENGTH) is not a whole number from 1 to 8.',
    ],
    [
      'CACHE_FILESYSTEMCACHE_PATHNAME',
      '  ',
      'cache.FilesystemCache.pathname: " " (CACHE_FILESYSTEMCACHE_PATHNAME) is not a path.',
    ],
    ['HOST', 'a\u0000b', String.raw`host: "a\u0000b" (HOST) is not a text.`],
    ['BASE_URI', 'ftp://x', 'base_uri: "ftp://x" (BASE_URI) is not an http or https URL without query and fragment.'],
    [
      'BASE_URI',
      'https://x/?a',
      'base_uri: "https://x/?a" (BASE_URI) is not an http or https URL without query and fragment.',
    ],
    [
      'BASE_URI',
      'ftp://me:secret@x',
      'base_uri: "ftp://me:***@x" (BASE_URI) is not an http or https URL without query and fragment.',
    ],
    ['PORT', '65536', 'port: "65536" (PORT) is not a whole number from 0 to 65535.'],
    ['PORT', '0x10', 'port: "0x10" (PORT) is not a whole number from 0 to 65535.'],
    ['PROCESSOR_MAX_SCALE', '0.5', 'processor.max_scale: "0.5" (PROCESSOR_MAX_SCALE) is not a number from 1 to 100.'],
    [
      'PROCESSOR_CONCURRENCY',
      '0',
      'processor.concurrency: "0" (PROCESSOR_CONCURRENCY) is not a whole number from 1 to 1020.',
    ],
    [
      'PROCESSOR_TIMEOUT',
      '3601',
      'processor.timeout: "3601" (PROCESSOR_TIMEOUT) is not a whole number of seconds from 1 to 3600.',
    ],
  ])('of %s is refused when it is %j', (variable, value, message) => {
    expect(() => readConfiguration({ environment: { [variable]: value } })).toThrow(new Error(message));
  });

  it('is refused with the line of the file', async () => {
    expect(await messageOf(fromFile('port: 1\n\ncache:\n  client:\n    max_age: soon'))).toBe(
      'cache.client.max_age: "soon" (server.yaml:5) is not a whole number of seconds from 0 to 3153600000.',
    );
    expect(await messageOf(fromFile('port: [1, 2]'))).toBe(
      'port: [1,2] (server.yaml:1) is not a whole number from 0 to 65535.',
    );
  });

  it.each(['128MB', '1.5 GiB', '64K', '1048576'])('may be the size %s', (size) => {
    const { settings } = readConfiguration({ environment: { CACHE_HEAPCACHE_TARGET_SIZE: size } });
    expect(String(settings['cache.HeapCache.target_size'])).toBe(size);
  });
});

describe('Client hints', () => {
  it('cannot be public and private', async () => {
    expect(await messageOf(fromFile('cache.client.public: true\ncache.client.private: true'))).toBe(
      'cache.client.public and cache.client.private: both are true (server.yaml:1 and server.yaml:2); an answer is one or the other.',
    );
  });

  it('can be private without a word about public', async () => {
    const { settings } = await fromFile('cache.client.private: true');
    expect(settings['cache.client.private']).toBe(true);
  });

  it('have to say who may store an answer', () => {
    expect(() => readConfiguration({ environment: { CACHE_CLIENT_PUBLIC: 'false' } })).toThrow(
      'cache.client.public: is false (CACHE_CLIENT_PUBLIC), so who may store an answer? Set cache.client.private: true.',
    );
  });
});

describe('A complete configuration', () => {
  it.each([
    [{}, undefined],
    [
      { CACHE_SERVER_VARIANT_ENABLED: 'true' },
      'cache.server.variant.implementation: is not set; cache.server.variant.enabled needs FilesystemCache, HeapCache, or the module of a store.',
    ],
    [
      { CACHE_SERVER_INFO_ENABLED: 'true' },
      'cache.server.info.implementation: is not set; cache.server.info.enabled needs FilesystemCache, HeapCache, or the module of a store.',
    ],
    [
      { CACHE_SERVER_VARIANT_ENABLED: 'true', CACHE_SERVER_VARIANT_IMPLEMENTATION: 'FilesystemCache' },
      'cache.FilesystemCache.pathname: is not set; FilesystemCache needs a directory for itself.',
    ],
    [
      { CACHE_SERVER_INFO_ENABLED: 'true', CACHE_SERVER_INFO_IMPLEMENTATION: 'FilesystemCache' },
      'cache.FilesystemCache.pathname: is not set; FilesystemCache needs a directory for itself.',
    ],
    [{ CACHE_SERVER_VARIANT_IMPLEMENTATION: 'FilesystemCache' }, undefined],
    [{ CACHE_SERVER_VARIANT_ENABLED: 'true', CACHE_SERVER_VARIANT_IMPLEMENTATION: 'HeapCache' }, undefined],
  ])('with %j lacks %j', (environment, message) => {
    const configuration = readConfiguration({ environment });
    if (message === undefined) requireComplete(configuration);
    else
      expect(() => {
        requireComplete(configuration);
      }).toThrow(new Error(message));
  });
});
