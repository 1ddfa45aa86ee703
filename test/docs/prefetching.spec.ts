import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Prefetcher } from 'nestjs-image-cache';
import { AtlasService } from '../../docs/examples/atlas.service.js';
import { PrefetchingModule } from '../../docs/examples/prefetching.module.js';
import { runCache } from '../support/command-line.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { noise } from '../support/samples.js';
import { timeless } from '../support/timeless.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

let place: TestDirectory;
let images: string;

beforeEach(async () => {
  place = await makeDirectory();
  images = join(place.path, 'images');
  await mkdir(join(images, 'maps'), { recursive: true });
  for (const name of ['lake.jpg', 'sea.jpg', 'river.jpg', 'maps/paris.tif', 'maps/alpha.png'])
    await noise(900, 600).toFile(join(images, name));
});

afterEach(() => place.remove());

const manifestOf = (...identifiers: string[]): object => ({
  type: 'Manifest',
  items: identifiers.map((identifier) => ({
    service: [{ id: `https://example.org/iiif/3/${encodeURIComponent(identifier)}`, type: 'ImageService3' }],
  })),
});

describe('The commands of the guide to prefetching', () => {
  it('answer as it says', async () => {
    const yaml = await readFile('docs/examples/prefetching.yaml', 'utf8');
    const file = join(place.path, 'server.yaml');
    const cache = join(place.path, 'cache');
    await mkdir(cache);
    await writeFile(
      file,
      `${yaml.replace('/var/cache/image-server', cache)}source.FilesystemSource.pathname: ${images}\n`,
    );
    const files: Record<string, string> = {
      'list.txt': 'lake.jpg\nsea.jpg\nmaps/paris.tif\n',
      'atlas.json': JSON.stringify(manifestOf('lake.jpg', 'river.jpg', 'maps/alpha.png')),
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(place.path, name), content);
    const [, session = ''] = /^```console\n([\s\S]*?)^```$/m.exec(await readFile('docs/prefetching.md', 'utf8')) ?? [];
    const steps = session.split(/^\$ /m).slice(1);
    expect(steps).toHaveLength(7);
    for (const step of steps) {
      const [command = '', ...expected] = step.split('\n');
      const [program, group, ...args] = command.split(' ');
      expect([program, group]).toEqual(['image-server', 'cache']);
      const placed = args.map((word) => (word in files ? join(place.path, word) : word));
      const { stdout, stderr } = await runCache(placed, { IMAGE_SERVER_CONFIG: file });
      expect([command, timeless(stdout + stderr)]).toEqual([command, timeless(expected.join('\n'))]);
    }
  });
});

describe.each(PLATFORMS)('The example of prefetching on %s', (platform) => {
  const start = usingApps(platform);

  it('has an exhibition in the cache before it opens', async () => {
    process.env['IMAGE_DIR'] = images;
    process.env['CACHE_DIR'] = join(place.path, 'cache');
    const app = await start({ imports: [PrefetchingModule], providers: [AtlasService], cache: false });
    const atlas = app.nest.get(AtlasService);
    const prefetcher = app.nest.get(Prefetcher);
    expect(await atlas.warm('maps', manifestOf('lake.jpg', 'maps/paris.tif'))).toMatchObject({
      queued: 1,
      alreadyQueued: 1,
    });
    expect((await prefetcher.jobs()).jobs.map(({ identifier }) => identifier)).toEqual([
      'lake.jpg',
      'maps/paris.tif',
      'maps/alpha.png',
    ]);
    expect(await atlas.isWarm('lake.jpg')).toBe(false);
    expect(await prefetcher.run()).toMatchObject({ completed: 3, failed: 0 });
    expect(await atlas.isWarm('lake.jpg')).toBe(true);
    const { headers } = await app.get('/iiif/3/lake.jpg/full/400,/0/default.jpg');
    expect(headers['cache-status']).toMatch(/^image-cache; hit/);
  });
});
