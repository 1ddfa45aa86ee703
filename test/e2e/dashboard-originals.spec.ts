import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { startServer } from '../support/image-server.js';
import { OriginServer } from '../support/origin-server.js';
import { noise } from '../support/samples.js';

const SECRET = 'correct-horse';
const AUTHORIZATION = { Authorization: `Basic ${Buffer.from(`admin:${SECRET}`).toString('base64')}` };

let origin: OriginServer;
let directory: TestDirectory;

beforeEach(async () => {
  origin = await OriginServer.start();
  origin.put('photo.jpg', { body: await noise(300, 200).jpeg().toBuffer(), etag: '"1"' });
  directory = await makeDirectory();
});

afterEach(async () => {
  await origin.stop();
  await directory.remove();
});

it('The dashboard of a server that keeps originals alone tells which are used most', async () => {
  const server = await startServer({
    environment: {
      SOURCE_IMPLEMENTATION: 'HttpSource',
      SOURCE_HTTPSOURCE_URL_PREFIX: origin.url,
      SOURCE_HTTPSOURCE_ALLOW: '["127.0.0.1"]',
      CACHE_SERVER_SOURCE_ENABLED: 'true',
      CACHE_SERVER_SOURCE_PATHNAME: directory.path,
      ENDPOINT_API_ENABLED: 'true',
      ENDPOINT_API_SECRET: SECRET,
    },
  });
  for (const width of [100, 120, 140])
    expect((await server.get(`/iiif/3/photo.jpg/full/${width},/0/default.jpg`)).status).toBe(200);
  const told = async (path: string): Promise<unknown> =>
    JSON.parse((await server.get(path, AUTHORIZATION)).body.toString());
  expect(await told('/admin/status')).toMatchObject({ kinds: ['source'] });
  await eventually(async () => {
    expect(await told('/admin/history?seconds=60')).toMatchObject({
      top: [{ identifier: 'photo.jpg', uses: expect.any(Number) }],
    });
  });
});
