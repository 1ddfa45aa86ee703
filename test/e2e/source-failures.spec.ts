import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { noise } from '../support/samples.js';
import { eventually } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { OriginServer, type Behaviour } from '../support/origin-server.js';

const SECRET = 'correct-horse';
const AUTHORIZATION = { Authorization: `Basic ${Buffer.from(`admin:${SECRET}`).toString('base64')}` };

const FAILURES: readonly (readonly [string, Behaviour])[] = [
  ['refused', (_, response) => response.writeHead(500).end()],
  ['unreachable', ({ socket }) => socket.destroy()],
  ['timeout', () => undefined],
];

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

/** How often the source has failed, as the dashboard is told. */
async function failuresOf(server: RunningServer): Promise<unknown> {
  const { body } = await server.get('/admin/status', AUTHORIZATION);
  const { stats } = JSON.parse(body.toString()) as { stats: { sourceFailures: Record<string, number> } };
  return stats.sourceFailures;
}

describe.each([
  ['aggressive, with originals', 'false', 'true'],
  ['aggressive, without originals', 'false', 'false'],
  ['conservative, with originals', 'true', 'true'],
  ['conservative, without originals', 'true', 'false'],
])('An image server that is %s', (_, resolveFirst, keepsOriginals) => {
  it.each(FAILURES)('tells that the source has failed once for a request: %s', async (how, behaviour) => {
    const server = await startServer({
      environment: {
        ...cachingIn(join(directory.path, 'cache'), ''),
        SOURCE_IMPLEMENTATION: 'HttpSource',
        SOURCE_HTTPSOURCE_URL_PREFIX: origin.url,
        SOURCE_HTTPSOURCE_ALLOW: '["127.0.0.1"]',
        SOURCE_HTTPSOURCE_TIMEOUT: '1',
        CACHE_SERVER_RESOLVE_FIRST: resolveFirst,
        CACHE_SERVER_SOURCE_ENABLED: keepsOriginals,
        CACHE_SERVER_SOURCE_PATHNAME: join(directory.path, 'originals'),
        ENDPOINT_API_ENABLED: 'true',
        ENDPOINT_API_SECRET: SECRET,
      },
    });
    origin.behaviour = behaviour;
    const { status } = await server.get('/iiif/3/photo.jpg/full/100,/0/default.jpg');
    expect(status).toBe(503);
    await eventually(async () => {
      expect(await failuresOf(server)).toEqual({ timeout: 0, unreachable: 0, refused: 0, [how]: 1 });
    });
  });
});
