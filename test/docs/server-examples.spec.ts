import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { readConfiguration } from '../../apps/image-server/src/configuration/configuration.js';
import { MetricsModule } from '../../docs/examples/metrics.module.js';
import { eventually } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { blocksOf } from '../support/documents.js';
import { filesIn } from '../support/filesystem-store.js';
import { cachingIn, startServer } from '../support/image-server.js';
import { makeImages, noise, type TestImages } from '../support/samples.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const run = promisify(execFile);

const PICTURE = '/iiif/3/photo.jpg/full/100,/0/default.jpg';

let place: TestDirectory;
let images: TestImages;

beforeAll(async () => {
  place = await makeDirectory();
  images = await makeImages();
});

afterAll(async () => {
  await images.remove();
  await place.remove();
});

/** Writes a file beside the others of an example. */
const write = async (name: string, text: string | undefined): Promise<string> => {
  if (text === undefined) throw new Error(`There is no ${name} in the documentation.`);
  const file = join(place.path, name);
  await writeFile(file, text);
  return file;
};

describe('The configurations in the documentation', () => {
  it('are taken by the server', async () => {
    // The settings of Glance are translated first.
    const isOurs = (name: string): boolean => name.endsWith('.md') && name !== 'from-glance.md';
    const pages = ['README.md', ...(await readdir('docs')).filter(isOurs).map((name) => `docs/${name}`)];
    const taken: string[] = [];
    for (const page of pages) {
      for (const [index, yaml] of (await blocksOf(page, 'yaml')).entries()) {
        const file = await write(`${page.replaceAll('/', '-')}-${index}.yaml`, yaml);
        const { settings } = readConfiguration({ file, environment: {} });
        expect(settings).toBeDefined();
        taken.push(page);
      }
    }
    expect(new Set(taken)).toEqual(
      new Set(
        ['admin', 'image-server', 'own-store', 'prefetching', 'remote-originals', 'walk-through'].map(
          (name) => `docs/${name}.md`,
        ),
      ),
    );
  });

  it('serve the images of a directory', async () => {
    const [yaml = ''] = await blocksOf('docs/image-server.md', 'yaml');
    const here = yaml
      .replace('/srv/images', images.source)
      .replace('/var/cache/image-server', join(place.path, 'cache'));
    const server = await startServer({ args: ['--config', await write('server.yaml', here)] });
    expect((await server.get(PICTURE)).headers['cache-status']).toBe('image-cache; fwd=miss; stored');
    expect((await server.get(PICTURE)).headers['cache-status']).toMatch(/^image-cache; hit/);
    const directory = join(place.path, 'cache');
    const written = (): Promise<string[]> => filesIn(join(directory, 'image'));
    await eventually(async () => {
      expect(await written()).toEqual([expect.stringMatching(/^[^.]+\.jpg$/)]);
    });
    const [, looking = ''] = await blocksOf('docs/operations.md', 'sh');
    const script = looking.replace(/image\/\S+\.webp/, `image/${(await written()).join('')}`);
    const { stdout } = await run('sh', ['-euc', script], { cwd: directory });
    expect(stdout).toMatch(/^\{"key".*"photo\.jpg".*\n1\n/);
  });

  it('keep pictures in an own store', async () => {
    const [module] = await blocksOf('docs/own-store.md', 'js');
    const [yaml] = await blocksOf('docs/own-store.md', 'yaml');
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const store = ts.transpileModule(await readFile('docs/examples/memory-map-store.ts', 'utf8'), {
      compilerOptions: options,
    });
    await write('memory-map-store.mjs', store.outputText);
    await write('store.mjs', module);
    await symlink(resolve('node_modules'), join(place.path, 'node_modules'));
    const server = await startServer({
      args: ['--config', await write('own-store.yaml', yaml)],
      directory: place.path,
      environment: { SOURCE_FILESYSTEMSOURCE_PATHNAME: images.source },
    });
    expect((await server.get(PICTURE)).headers['cache-status']).toBe('image-cache; fwd=miss; stored');
    expect((await server.get(PICTURE)).headers['cache-status']).toMatch(/^image-cache; hit/);
  });

  it('say in the README how to see it work', async () => {
    const [, looking = ''] = await blocksOf('README.md', 'sh');
    await noise(1200, 1200).toFile(join(images.source, 'valley.tif'));
    const server = await startServer({ environment: cachingIn(join(place.path, 'samples'), images.source) });
    const script = looking.replace('8182', String(server.port));
    const ask = async (): Promise<string> => (await run('sh', ['-euc', script], { cwd: place.path })).stdout.trim();
    expect(await ask()).toBe('cache-status: image-cache; fwd=miss; stored');
    expect(await ask()).toMatch(/^cache-status: image-cache; hit/);
  });
});

describe.each(PLATFORMS)('The metrics of the documentation on %s', (platform) => {
  const start = usingApps(platform);

  it('are served', async () => {
    const app = await start({ imports: [MetricsModule], cache: false });
    const answer = await app.get('/metrics');
    expect([answer.status, answer.body.toString()]).toEqual([
      200,
      expect.stringContaining('image_cache_requests_total'),
    ]);
  });
});
