import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runServer, startServer } from '../support/image-server.js';
import { makeImages, type TestImages } from '../support/samples.js';

/** A store that passes on to one of the library and notes in a file what is published. */
const STORE = `
import { appendFile } from 'node:fs/promises';
import { heapStore } from ${JSON.stringify(pathToFileURL('libs/image-cache/dist/index.js').href)};

export const createStore = ({ maxSize, log }) => (context) => {
  const store = heapStore({ maxSize })(context);
  const { reserve } = store;
  return Object.assign(store, {
    name: 'NotingStore',
    async reserve(key) {
      await appendFile(log, key.kind + '\\n');
      return reserve.call(store, key);
    },
  });
};
`;

let images: TestImages;
let file: string;

beforeAll(async () => {
  images = await makeImages();
  await writeFile(join(images.path, 'store.mjs'), STORE);
  file = join(images.path, 'server.yaml');
  await writeFile(
    file,
    `source.FilesystemSource.pathname: ${images.source}
cache.server.variant:
  enabled: true
  implementation: ${join(images.path, 'store.mjs')}
  options:
    maxSize: 10MB
    log: ${join(images.path, 'published.txt')}
`,
  );
});

afterAll(async () => {
  await images.remove();
});

describe('The image server with the module of a store', () => {
  it('keeps its pictures and infos there', async () => {
    const server = await startServer({ args: ['--config', file] });
    const first = await server.get('/iiif/3/photo.jpg/full/100,/0/default.jpg');
    const second = await server.get('/iiif/3/photo.jpg/full/100,/0/default.jpg');
    expect([first.status, first.headers['cache-status']]).toEqual([200, 'image-cache; fwd=miss; stored']);
    expect([second.status, second.headers['cache-status']]).toEqual([200, expect.stringMatching(/^image-cache; hit/)]);
    expect(second.body).toEqual(first.body);
    expect((await server.end()).code).toBe(0);
    const published = await readFile(join(images.path, 'published.txt'), 'utf8');
    expect(published.trim().split('\n').sort()).toEqual(['info', 'variant']);
  });

  it('is told that the module can be used by config check', async () => {
    const { code, stdout, stderr } = await runServer({ args: ['config', 'check', '--config', file] });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/cache\.server\.variant\.implementation +\/.*store\.mjs/);
  });

  it.each([
    ['config check', ['config', 'check']],
    ['a start', []],
  ])('is told in one line by %s what is wrong with it', async (_, command) => {
    const environment = { CACHE_SERVER_VARIANT_IMPLEMENTATION: './nowhere.mjs' };
    const { code, stderr } = await runServer({ args: [...command, '--config', file], environment });
    expect([code, stderr]).toEqual([
      1,
      'image-server: cache.server.variant.implementation: there is no module ' +
        `${join(process.cwd(), 'nowhere.mjs')}; write the path of one, FilesystemCache or HeapCache.\n`,
    ]);
  });

  it('is told that a package is not installed', async () => {
    const environment = { CACHE_SERVER_VARIANT_IMPLEMENTATION: 'no-such-image-store' };
    const { code, stderr } = await runServer({ args: ['config', 'check', '--config', file], environment });
    expect([code, stderr]).toEqual([
      1,
      'image-server: cache.server.variant.implementation: there is no package "no-such-image-store"; install it, ' +
        'or write a path such as ./no-such-image-store, FilesystemCache or HeapCache.\n',
    ]);
  });
});
