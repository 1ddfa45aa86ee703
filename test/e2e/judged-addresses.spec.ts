import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { FilesystemSource, IiifModule, type IiifOptions } from 'nestjs-iiif';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { ask, policyOf } from '../support/judged.js';
import { plain } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

let images: TestDirectory;

beforeAll(async () => {
  images = await makeDirectory();
  await plain().jpeg().toFile(join(images.path, 'lake.jpg'));
});

afterAll(() => images.remove());

const PATHS = ['/iiif/3/lake.jpg/info.json', '/iiif/2/lake.jpg/info.json', '/iiif/3/lake.jpg/full/20,/0/default.png'];
const HOST = 'images.example.org';

describe.each(PLATFORMS)('what names the address of the server, on %s,', (platform) => {
  const start = usingApps(platform);
  const serve = (options: Partial<IiifOptions>): Promise<TestApp> => {
    const source = new FilesystemSource({ directory: images.path });
    return start({ imports: [IiifModule.forRoot({ source, ...options })], cache: false });
  };

  /** Whether caches give an answer that was told these headers to those who send none of them. */
  const isForOthers = async (app: TestApp, headers: Readonly<Record<string, string>>): Promise<readonly boolean[]> => {
    const given = [];
    for (const url of PATHS) {
      const policy = policyOf(await ask(app, url, { host: HOST, ...headers }), { shared: true });
      given.push(policy.satisfiesWithoutRevalidation({ url, method: 'GET', headers: { host: HOST } }));
    }
    return given;
  };

  it.each(['x-forwarded-host', 'x-forwarded-proto'])('is kept by %s where that counts', async (name) => {
    const headers = { [name]: name === 'x-forwarded-host' ? 'evil.example' : 'https' };
    expect(await isForOthers(await serve({ trustProxy: true }), headers)).toEqual([false, false, false]);
    expect(await isForOthers(await serve({ trustProxy: true }), {})).toEqual([true, true, true]);
  });

  it.each<Partial<IiifOptions>>([{}, { trustProxy: true, baseUri: 'https://museum.example' }])(
    'is the same for all with %j',
    async (options) => {
      const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
      expect(await isForOthers(await serve(options), headers)).toEqual([true, true, true]);
    },
  );

  it('does not lead elsewhere by what others have sent', async () => {
    const app = await serve({ trustProxy: true });
    const { headers } = await app.get('/iiif/3/lake.jpg', { 'X-Forwarded-Host': 'evil.example' });
    expect([headers.location, headers.vary]).toEqual([
      'http://evil.example/iiif/3/lake.jpg/info.json',
      expect.stringContaining('X-Forwarded-Host, X-Forwarded-Proto'),
    ]);
  });
});
