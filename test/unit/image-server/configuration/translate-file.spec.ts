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
    [
      'glance',
      'a.conf',
      'glance_cache_max_size = much\n',
      'cache.server.source.max_size: "much" (glance_cache_max_size)',
    ],
    ['glance', 'a.yml', '- a\n- b\n', /a\.yml: is not a map of names and values\.$/],
    ['glance', 'a.yaml', 'a: [\n', /a\.yaml: .+/],
    ['galia', 'a.yml', '', /a\.yml: is not a map of names and values\.$/],
  ])('of %s in %s is refused when it is wrong', async (server, name, text, message) => {
    await expect(translate(server, name, text)).rejects.toThrow(message);
  });

  it('is not there', () => {
    expect(() => translateFile('glance', join(directory.path, 'none.conf'))).toThrow(
      'none.conf: the configuration cannot',
    );
  });
});
