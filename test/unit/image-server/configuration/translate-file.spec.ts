import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  translateFile,
  type ForeignServer,
} from '../../../../apps/image-server/src/configuration/foreign/translate-file.js';
import { readConfiguration } from '../../../../apps/image-server/src/configuration/configuration.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';

let directory: TestDirectory;

beforeEach(async () => {
  directory = await makeDirectory();
});

afterEach(() => directory.remove());

async function translate(server: ForeignServer, name: string, text: string) {
  const file = join(directory.path, name);
  await writeFile(file, text);
  return translateFile(server, file);
}

const PROPERTIES = `
# Cantaloupe
http.port = 8182
cache.server.derivative.enabled = true
cache.server.derivative = FilesystemCache
cache.server.derivative.ttl_seconds = 2592000
cache.server.source = FilesystemCache
FilesystemCache.pathname = /var/cache/cantaloupe
cache.client.max_age =
`;

describe('the configuration of another server', () => {
  it.each([
    ['cantaloupe.properties', PROPERTIES],
    [
      'galia.yml',
      'cache:\n  server:\n    variant.enabled: true\n    variant:\n      implementation: FilesystemCache\n      ttl_seconds: 2592000\n' +
        '  FilesystemCache.pathname: /var/cache/cantaloupe\n  server.source: FilesystemCache\nhttp.port: 8182\n',
    ],
  ])('is translated from %s to one that this server takes', async (name, text) => {
    const { yaml, unknown } = await translate('galia', name, text);
    expect(unknown).toEqual(['cache.server.source']);
    const file = join(directory.path, 'image-server.yaml');
    await writeFile(file, yaml);
    const { settings, missing } = readConfiguration({ file, environment: {} });
    expect(settings).toMatchObject({
      'cache.server.variant.enabled': true,
      'cache.server.variant.implementation': 'FilesystemCache',
      'cache.server.variant.ttl_seconds': 2_592_000,
      'cache.FilesystemCache.pathname': '/var/cache/cantaloupe',
    });
    expect(missing).toEqual([]);
  });

  it('says what has to be added', async () => {
    const { yaml } = await translate('galia', 'galia.properties', 'cache.server.variant.enabled = true\n');
    expect(yaml).toBe(
      '# From galia.properties\n' +
        'cache.server.variant.enabled: true\n' +
        '# cache.server.variant.implementation: to be added; cache.server.variant.enabled needs FilesystemCache, ' +
        'HeapCache, or the module of a store.\n',
    );
  });

  it.each<[ForeignServer, string, string, string | RegExp]>([
    ['glance', 'a.conf', 'glance_cache_max_size = much\n', /^cache\.server\.source\.max_size: "much" \(\S+a\.conf:1\)/],
    [
      'glance',
      'a.conf',
      'glance_enable_image_cache: constructor\n',
      /"constructor" \(\S+a\.conf:1\) is not true or false/,
    ],
    ['glance', 'a.conf', 'image_cache_max_size = 1\n[x]\nglance_cache_max_size = 2\n', /set twice \(\S+:1 and \S+:3\)/],
    ['glance', 'a.yml', '- a\n- b\n', /a\.yml:1: the configuration is not a map/],
    ['glance', 'a.yaml', 'password: hunter2: [\n', /^(?!.*hunter2).*a\.yaml: /],
    ['glance', 'a.yaml', 'a: &a\n  b: *a\n', /a\.yaml:2: references to other values are not understood/],
    ['galia', 'a.yml', '', /a\.yml: no setting in it is one of an image cache; is it a file of galia\?$/],
    ['glance', 'a.conf', '\u0000\u0001ELF = 1\n', /a\.conf: no setting in it is one of an image cache/],
  ])('of %s in %s is refused when it is wrong: %j', async (server, name, text, message) => {
    await expect(translate(server, name, text)).rejects.toThrow(message);
  });

  it('may have colons, comments in lines of their own, and anything in a value', async () => {
    const text =
      '# image_cache_dir = /old\n! x\n[DEFAULT]\nimage_cache_dir: /data#1/cache;x\nflavor = keystone+caching\n';
    const { yaml, unknown } = await translate('glance', 'glance-api.conf', text);
    expect(unknown).toEqual([]);
    expect(yaml).toContain('cache.server.source.pathname: /data#1/cache;x\n');
    expect(yaml).toContain('cache.server.source.enabled: true\n');
  });

  it('is not there', () => {
    expect(() => translateFile('glance', join(directory.path, 'none.conf'))).toThrow(
      'none.conf: the configuration cannot',
    );
  });
});
