import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { RemoteOriginalsModule } from '../../docs/examples/remote-originals.module.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { OriginServer } from '../support/origin-server.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

let origin: OriginServer;
let directory: TestDirectory;

beforeEach(async () => {
  origin = await OriginServer.start();
  directory = await makeDirectory();
  process.env['ORIGINALS_URL'] = origin.url;
  process.env['CACHE_DIR'] = directory.path;
  const image = sharp({ create: { width: 300, height: 200, channels: 3, background: 'teal' } });
  origin.put('maps/lake.jpg', { body: await image.jpeg().toBuffer(), etag: '"1"' });
});

afterEach(async () => {
  await origin.stop();
  await directory.remove();
});

describe.each(PLATFORMS)('The example of remote originals on %s', (platform) => {
  const start = usingApps(platform);

  it('fetches an original once, for all that is made of it', async () => {
    const app = await start({ imports: [RemoteOriginalsModule], cache: false });
    const tiles = [];
    for (const width of [50, 60, 70]) {
      tiles.push(await app.get(`/iiif/3/maps%2Flake.jpg/full/${width},/0/default.webp`));
    }
    const whole = await app.get('/iiif/3/maps%2Flake.jpg/full/max/0/default.jpg');
    expect([...tiles, whole].map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(origin.count('GET')).toBe(1);
    expect(app.cache.stats()).toMatchObject({ fetches: 1, tiers: { source: { hits: 4, misses: 1 } } });
  });
});
