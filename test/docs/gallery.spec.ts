import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { GalleryModule } from '../../docs/examples/gallery.controller.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

describe.each(PLATFORMS)('The example of a gallery on %s', (platform) => {
  const start = usingApps(platform);

  it('renders a step and a format once, for whoever asks for a size within it', async () => {
    const app = await start({ imports: [GalleryModule], cache: false });
    const told = [];
    for (const [width, accept] of [
      ['250', 'image/avif,image/*'],
      ['300', 'image/avif'],
      ['300?shadow=1', 'image/*'],
      ['201', '*/*'],
      ['99', '*/*'],
    ] as const) {
      const { status, headers } = await app.get(`/albums/summer/teal/${width}`, { Accept: accept });
      expect([status, headers['vary'], headers['x-credit']]).toEqual([200, 'Accept', 'City archive']);
      told.push([headers['content-type'], headers['cache-status']]);
    }
    expect(told).toEqual([
      ['image/avif', 'image-cache; fwd=miss; stored'],
      ['image/avif', 'image-cache; hit; ttl=604800'],
      ['image/jpeg', 'image-cache; fwd=miss; stored'],
      ['image/jpeg', 'image-cache; hit; ttl=604800'],
      ['image/jpeg', 'image-cache; fwd=miss; stored'],
    ]);
    for (const width of ['wide', '-1', '0', '2001'])
      expect((await app.get(`/albums/summer/teal/${width}`)).status).toBe(400);
    expect(await app.cache.evict('photos/summer/teal')).toMatchObject({ variants: 3 });
  });
});

describe('the documentation', () => {
  it.each(['README.md', 'docs/own-controllers.md'])('lists every option of the decorators in %s', async (page) => {
    const source = await readFile('libs/image-cache/src/nest/route-options.ts', 'utf8');
    const names = [...source.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(9);
    const rows = (await readFile(page, 'utf8')).split('\n').filter((line) => line.startsWith('| `'));
    expect(names.filter((name) => !rows.some((row) => row.startsWith(`| \`${name}\``)))).toEqual([]);
  });
});
