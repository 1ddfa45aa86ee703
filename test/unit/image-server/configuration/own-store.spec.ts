import { afterEach, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { StoreFactory } from 'nestjs-image-cache';
import { configurationReport } from '../../../../apps/image-server/src/configuration/report.js';
import { storesOf, type TierStores } from '../../../../apps/image-server/src/configuration/stores.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { storeContext } from '../../../support/stores.js';
import { fromFile, messageOf } from './support.js';

const directories: TestDirectory[] = [];

afterEach(async () => {
  for (const directory of directories.splice(0)) await directory.remove();
});

/** Writes a module and returns its path. */
async function moduleOf(code: string, name = 'store.mjs'): Promise<string> {
  const directory = await makeDirectory();
  directories.push(directory);
  const path = join(directory.path, name);
  await writeFile(path, code);
  return path;
}

/** A module whose stores are named after their options. */
const NAMED = 'export const createStore = (options) => () => ({ name: JSON.stringify(options) });';

async function storesFrom(yaml: string): Promise<TierStores> {
  return storesOf((await fromFile(yaml)).settings);
}

const variantIn = (path: string, more = ''): Promise<TierStores> =>
  storesFrom(`cache.server.variant: { enabled: true, implementation: ${JSON.stringify(path)}${more} }`);

const nameOf = (factory: StoreFactory | undefined): string | undefined => factory?.(storeContext()).name;

describe('The module of a store', () => {
  it('is called with the options, as they are written, and keeps the infos, too', async () => {
    const { variant, info } = await variantIn(await moduleOf(NAMED), ', options: { url: a, nested: { list: [1] } }');
    expect(nameOf(variant)).toBe('{"url":"a","nested":{"list":[1]}}');
    expect(info).toBe(variant);
  });

  it('is called with no options when there are none, and may answer later', async () => {
    const { variant } = await variantIn(
      await moduleOf('export const createStore = async (options) => () => ({ name: JSON.stringify(options) });'),
    );
    expect(nameOf(variant)).toBe('{}');
  });

  it('may be named by a path that starts at the working directory', async () => {
    const path = relative(process.cwd(), await moduleOf(NAMED));
    expect(nameOf((await variantIn(path)).variant)).toBe('{}');
  });

  it('may be CommonJS', async () => {
    const path = await moduleOf('module.exports = { createStore: () => () => ({ name: "common" }) };', 'store.cjs');
    expect(nameOf((await variantIn(path)).variant)).toBe('common');
  });

  it('makes a second store for infos with options of their own', async () => {
    const path = JSON.stringify(await moduleOf(NAMED));
    const { variant, info } = await storesFrom(
      `cache.server.variant: { enabled: true, implementation: ${path}, options: { of: variants } }\n` +
        'cache.server.info.options: { of: infos }',
    );
    expect([nameOf(variant), nameOf(info)]).toEqual(['{"of":"variants"}', '{"of":"infos"}']);
  });

  it.each([
    [
      'that is not there',
      './nowhere.mjs',
      /^cache\.server\.variant\.implementation: there is no module \/.*\/nowhere\.mjs; write the path of one, FilesystemCache or HeapCache\.$/,
    ],
    [
      'of a package that exports something else',
      'sharp',
      /^cache\.server\.variant\.implementation: "sharp" exports no function createStore; write in it: export const createStore = .*\.$/,
    ],
  ])('%s is refused', async (_, implementation, message) => {
    await expect(variantIn(implementation)).rejects.toThrow(message);
  });

  it.each([
    ['is none', 'export const store = 1;', ' exports no function createStore; write in it: '],
    [
      'makes no factory',
      'export const createStore = () => ({});',
      'createStore of "PATH" returned no function; it has to return (context) => ',
    ],
    [
      'fails to make one',
      'export const createStore = () => { throw new Error("no url"); };',
      'createStore of "PATH" failed: no url',
    ],
    ['fails itself', 'throw new Error("is broken");', '"PATH" cannot be loaded: is broken'],
  ])('that %s is refused', async (_, code, message) => {
    const path = await moduleOf(code);
    await expect(variantIn(path)).rejects.toThrow(message.replace('PATH', path));
    await expect(variantIn(path)).rejects.toThrow(/^cache\.server\.variant\.implementation: [^\n]*$/);
  });

  it('is named by the key of the infos when it is theirs', async () => {
    const yaml = 'cache.server.info: { enabled: true, implementation: ./nowhere.mjs }';
    await expect(storesFrom(yaml)).rejects.toThrow(/^cache\.server\.info\.implementation: there is no module/);
  });
});

describe('The options of a store', () => {
  it('are read from the environment as JSON', async () => {
    const { settings } = await fromFile('', { CACHE_SERVER_VARIANT_OPTIONS: '{"url":"redis://cache"}' });
    expect(settings['cache.server.variant.options']).toEqual({ url: 'redis://cache' });
  });

  it('are not shown', async () => {
    const report = configurationReport(await fromFile('cache.server.variant.options: { password: hidden }'));
    expect(report).toMatch(/cache\.server\.variant\.options +\*\*\* +\S*server\.yaml:1/);
    expect(report).not.toContain('hidden');
  });

  it.each(['[1]', 'text', '7'])('are not %s', async (written) => {
    expect(await messageOf(fromFile(`cache.server.variant.options: ${written}`))).toBe(
      'cache.server.variant.options: *** (server.yaml:1) is not a map of names and values (in the environment a JSON object).',
    );
  });

  it('are refused for a store that takes none', async () => {
    const yaml = 'cache.server.variant: { implementation: HeapCache, options: { a: 1 } }';
    expect(await messageOf(fromFile(yaml))).toBe(
      'cache.server.variant.options: is set (server.yaml:1), but HeapCache takes none; it has the keys cache.HeapCache.*.',
    );
  });
});
